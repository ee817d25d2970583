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
  /** When a VM that was made between these two moments (ISO times) first told that it had checked itself. */
  readonly checkedAt: (relay: string, from: string | undefined, to: string | undefined) => number | undefined;
};

/** A relay that is watched. */
export type Watched = {
  readonly name: string;
  readonly address: string;
  /** Has its VM told its health? Rejects while there is no VM. */
  readonly hasChecked: () => Promise<boolean>;
};

const EVERY_MS = 25;
const CHECK_EVERY_MS = 100;
const PATIENCE_MS = 100;
const NG_PORT = 22222;

export type Look = { readonly at: number; readonly calls: number };
export type Check = { readonly at: number; readonly checked: boolean };

export function watchDrains(relays: readonly Watched[]): DrainWatch {
  const socket = openNgSocket();
  const looks = new Map<string, Look[]>();
  const checks = new Map<string, Check[]>();
  let stopped = false;
  for (const { name, address, hasChecked } of relays) {
    const seen: Look[] = [];
    looks.set(name, seen);
    const told: Check[] = [];
    checks.set(name, told);
    void (async () => {
      for (; !stopped; await sleep(CHECK_EVERY_MS))
        told.push({ checked: await hasChecked().catch(() => false), at: Date.now() });
    })();
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
    backAt: (relay, from, to) => between(looks.get(relay) ?? [], from, to, backAt),
    checkedAt: (relay, from, to) => between(checks.get(relay) ?? [], from, to, checkedAt),
  };
}

function between<T>(
  seen: readonly T[],
  from: string | undefined,
  to: string | undefined,
  find: (seen: readonly T[], from: number, to: number) => number | undefined,
): number | undefined {
  return from === undefined || to === undefined ? undefined : find(seen, Date.parse(from), Date.parse(to));
}

/** A VM that is being deleted still tells its health; the one in its place has none at first. */
export function checkedAt(checks: readonly Check[], from: number, to: number): number | undefined {
  const between = checks.filter(({ at }) => at > from && at <= to);
  const last = between.findLastIndex(({ checked }) => !checked);
  return last < 0 ? undefined : between[last + 1]?.at;
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
