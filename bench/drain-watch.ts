/** Looks at relays from outside, often, so that a rollout's own view of a drain can be compared with what was. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectNg } from '../lib/ng/client.ts';
import { statistics } from '../lib/ng/commands.ts';
import { openNgSocket } from '../lib/ng/udp.ts';

export type DrainWatch = {
  readonly stop: () => void;
  /** Seconds from the moment at which the relay's last call was gone until `emptyAt` (ISO time). Empty: not seen. */
  readonly seenAfter: (relay: string, emptyAt: string | undefined) => readonly number[];
};

const EVERY_MS = 25;
const NG_PORT = 22222;

type Look = { readonly at: number; readonly calls: number };

export function watchDrains(
  relays: readonly { readonly name: string; readonly address: string }[],
): DrainWatch {
  const socket = openNgSocket();
  const looks = new Map<string, Look[]>();
  let stopped = false;
  for (const { name, address } of relays) {
    const seen: Look[] = [];
    looks.set(name, seen);
    const ng = connectNg({ host: address, port: NG_PORT, transport: 'udp', socket });
    void (async () => {
      while (!stopped) {
        // A relay that is being replaced does not answer; that is no look.
        const { own, foreign } = await statistics(ng, { timeoutMs: 500 }).catch(
          () => ({ own: 'unknown', foreign: 'unknown' }) as const,
        );
        if (own !== 'unknown' && foreign !== 'unknown') seen.push({ at: Date.now(), calls: own + foreign });
        await sleep(EVERY_MS);
      }
    })();
  }
  return {
    stop: () => {
      stopped = true;
      socket.close();
    },
    seenAfter: (relay, emptyAt) =>
      emptyAt === undefined ? [] : seenAfter(looks.get(relay) ?? [], Date.parse(emptyAt)),
  };
}

/** The last call was gone at the first look without one after the last look with one, before `emptyAt`. */
function seenAfter(looks: readonly Look[], emptyAt: number): readonly number[] {
  const before = looks.filter(({ at }) => at <= emptyAt);
  const last = before.findLastIndex(({ calls }) => calls > 0);
  const gone = before[last + 1];
  return last < 0 || gone === undefined ? [] : [(emptyAt - gone.at) / 1_000];
}
