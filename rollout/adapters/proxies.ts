/**
 * The SIP proxies of the fleet file. They move new calls by themselves when a relay is cordoned (`load limit`); telling them
 * that a relay is away spares them the wait for one that is being replaced (measured: 1 s for a call, up to 5 s for a whole
 * worker when its host is silent). A relay is switched off only once it has no call, so `rtpengine_allow_op` does not matter.
 */
import type { Fleet as FleetFile } from '../../configs/fleet.ts';
import { FleetError } from '../../lib/errors.ts';
import type { Proxies, RelayPlace } from '../ports.ts';
import { settled } from '../settled.ts';
import { type KamailioEntry, kamailio } from './proxies/kamailio.ts';
import { opensips } from './proxies/opensips.ts';
import type { SipProxy, SocketState } from './proxies/sip-proxy.ts';

const makes = { kamailio, opensips } as const satisfies Record<string, (entry: KamailioEntry) => SipProxy>;

export function proxiesOf({ proxies, rtpengine }: Pick<FleetFile, 'proxies' | 'rtpengine'>): Proxies {
  const all = proxies.map((entry) => makes[entry.kind](entry));
  const socketOf = ({ address }: RelayPlace) => `udp:${address}:${rtpengine.ngPort}`;
  const each = async (act: (proxy: SipProxy) => Promise<string>) => {
    const said = await settled(all.map(act));
    return said.length === 0 ? undefined : said.join('; ');
  };
  return {
    check: async () => void (await settled(all.map(({ check }) => check()))),
    leaveOut: (place) =>
      each(async (proxy) => {
        const told = await turn(proxy, socketOf(place), false);
        await proxy.patience?.shorten();
        return told;
      }),
    takeBack: (place) =>
      each(async (proxy) => {
        const told = await turn(proxy, socketOf(place), true);
        if (proxy.patience !== undefined && !(await proxy.show()).some(({ state }) => state === 'off'))
          await proxy.patience.restore();
        return told;
      }),
    leftOut: async (places) => {
      const found = await settled(all.map((proxy) => offIn(proxy, places, socketOf)));
      return found.flat();
    },
  };
}

/** Idempotent: a proxy that has it so already is only asked. */
async function turn(proxy: SipProxy, url: string, on: boolean): Promise<string> {
  const before = await stateIn(proxy, url);
  if (before === undefined) return `${proxy.name} does not know ${url}`;
  if (before !== (on ? 'on' : 'off')) await proxy.enable(url, on);
  const after = await stateIn(proxy, url);
  if (after === (on ? 'on' : 'off')) return `${proxy.name} has it ${on ? 'on' : 'off'}`;
  throw new FleetError({
    kind: 'retry',
    code: 'proxy-unchanged',
    message: `${proxy.name} was told to switch ${url} ${on ? 'on' : 'off'}, and has it ${after ?? 'no more'}.`,
    hint: on ? 'It pings a relay first: it must reach the ng port of that relay.' : 'Look at its log.',
  });
}

/** The state of a relay in all sets together: one that differs between sets is not as it should be in some. */
async function stateIn(proxy: SipProxy, url: string): Promise<SocketState | 'mixed' | undefined> {
  const states = new Set(
    (await proxy.show()).filter((socket) => socket.url === url).map(({ state }) => state),
  );
  const [first] = states;
  return states.size > 1 ? 'mixed' : first;
}

async function offIn(
  proxy: SipProxy,
  places: readonly RelayPlace[],
  socketOf: (place: RelayPlace) => string,
): Promise<readonly { readonly relay: string; readonly proxy: string }[]> {
  const off = new Set((await proxy.show()).filter(({ state }) => state === 'off').map(({ url }) => url));
  return places
    .filter((place) => off.has(socketOf(place)))
    .map(({ name }) => ({ relay: name, proxy: proxy.name }));
}
