/**
 * OpenSIPS' rtpengine module over its management interface (mi_http), as modules/rtpengine/rtpengine.c@3.6.8 has it:
 * `rtpengine_enable` takes url and enable, 0 = for good; `rtpengine_show` gives sets with their nodes. A node that was
 * switched off by hand is never asked again: its recheck_ticks is the greatest unsigned 32-bit number.
 */
import { FleetError } from '../../../lib/errors.ts';
import { isRecord } from '../../../lib/record.ts';
import { callProxy } from './json-rpc.ts';
import type { SipProxy, Socket } from './sip-proxy.ts';

const NEVER = 2 ** 32 - 1;
/** Up to 3.5 the session limit of a relay fails the call (no fail-over in 3.1.0 to 3.5.9, read in their source). */
const FAILS_OVER_SINCE = [3, 6] as const;

export function opensips({ url }: { readonly url: string }): SipProxy {
  const name = `OpenSIPS at ${url}`;
  return {
    name,
    check: async () => checkVersion(name, await callProxy(url, 'version', {})),
    show: async () => socketsOf(name, await callProxy(url, 'rtpengine_show', {})),
    enable: async (relay, on) =>
      void (await callProxy(url, 'rtpengine_enable', { url: relay, enable: on ? 1 : 0 })),
    patience: undefined,
  };
}

function checkVersion(name: string, answer: unknown): void {
  const server = isRecord(answer) ? String(answer.Server ?? '') : '';
  const found = /(\d+)\.(\d+)/.exec(server);
  if (found === null) throw unreadable(name, 'its version');
  const [major = 0, minor = 0] = found.slice(1).map(Number);
  const [needsMajor, needsMinor] = FAILS_OVER_SINCE;
  if (major > needsMajor || (major === needsMajor && minor >= needsMinor)) return;
  throw new FleetError({
    kind: 'usage',
    code: 'proxy-version',
    message: `${name} is version ${major}.${minor}, which fails a new call when its relay is cordoned instead of taking the next relay.`,
    hint: 'Upgrade it to 3.6 or later and keep `sock_var` in the dialog, or send its new calls to another set while a relay drains.',
  });
}

function socketsOf(name: string, answer: unknown): readonly Socket[] {
  if (!Array.isArray(answer)) throw unreadable(name, 'its relays');
  return answer.flatMap((set) => {
    if (!isRecord(set) || !Array.isArray(set.Nodes)) throw unreadable(name, 'its relays');
    return set.Nodes.map((node) => socketOf(name, node, Number(set.Set ?? 0)));
  });
}

function socketOf(name: string, node: unknown, set: number): Socket {
  if (!isRecord(node) || typeof node.url !== 'string') throw unreadable(name, 'its relays');
  if (Number(node.disabled) === 0) return { url: node.url, set, state: 'on' };
  return { url: node.url, set, state: Number(node.recheck_ticks) >= NEVER ? 'off' : 'ailing' };
}

function unreadable(name: string, what: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'proxy-answer',
    message: `${name} tells ${what} in a form that rollout does not know.`,
    hint: 'Take it out of `proxies` in the fleet file, and keep its new calls off a cordoned relay by another set.',
  });
}
