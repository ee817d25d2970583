/** Looks at relays from outside, often, so that a rollout's own view of a drain can be compared with what was. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectNg } from '../lib/ng/client.ts';
import { statistics } from '../lib/ng/commands.ts';
import { openNgSocket } from '../lib/ng/udp.ts';

export type DrainWatch = {
  readonly stop: () => void;
  /** When RTPEngine itself had no call any more, the last time before `emptyAt` (ISO time), ms since the epoch; undefined: not seen. */
  readonly goneAt: (relay: string, emptyAt: string | undefined) => number | undefined;
  /** When the VM made in its place answered first: after the longest silence between these two moments (ISO times). */
  readonly backAt: (relay: string, from: string | undefined, to: string | undefined) => number | undefined;
};

const EVERY_MS = 25;
const PATIENCE_MS = 100;
const NG_PORT = 22222;

export type Look = { readonly at: number; readonly calls: number };

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
        const { own, foreign } = await statistics(ng, { timeoutMs: PATIENCE_MS }).catch(
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
    goneAt: (relay, emptyAt) =>
      emptyAt === undefined ? undefined : goneAt(looks.get(relay) ?? [], Date.parse(emptyAt)),
    backAt: (relay, from, to) =>
      from === undefined || to === undefined
        ? undefined
        : backAt(looks.get(relay) ?? [], Date.parse(from), Date.parse(to)),
  };
}

/** The first look without a call after the last look with one. */
export function goneAt(looks: readonly Look[], emptyAt: number): number | undefined {
  const before = looks.filter(({ at }) => at <= emptyAt);
  const last = before.findLastIndex(({ calls }) => calls > 0);
  return last < 0 ? undefined : before[last + 1]?.at;
}

/** A VM that is being deleted still answers for a while. */
export function backAt(looks: readonly Look[], from: number, to: number): number | undefined {
  const times = [from, ...looks.map(({ at }) => at).filter((at) => at > from && at <= to)];
  const silences = times.slice(1).map((at, index) => ({ at, ms: at - (times[index] ?? at) }));
  return silences.toSorted((a, b) => b.ms - a.ms)[0]?.at;
}
