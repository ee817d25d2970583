import type { CallEndedLine, SecondLine, SummaryLine } from '../../rollout/report/call-lines.ts';
import { totalsOf } from '../../rollout/report/sums.ts';
import type { WheelHealth } from './wheel.ts';

/** The caller's books: how many calls talk now, and the sum of all that ended. */
export type Ledger = {
  /** A call on this relay has media; the returned function says that it stopped. */
  readonly talking: (relay: string) => () => void;
  readonly nowTalking: () => number;
  /** From the first time on, the fewest calls at once are counted, until `stopped`. */
  readonly rampedUp: () => void;
  readonly stopped: () => void;
  readonly skipped: (packets: number) => void;
  readonly ended: (line: CallEndedLine) => void;
  readonly second: (at: string) => SecondLine;
  readonly summary: (at: string, wheel: WheelHealth) => SummaryLine;
};

type Span = { leastAtOnce: number | undefined; mostAtOnce: number; isCounting: boolean };

export function createLedger(relays: readonly string[], startedAt = performance.now()): Ledger {
  const talking = new Map(relays.map((relay) => [relay, 0]));
  const span: Span = { leastAtOnce: undefined, mostAtOnce: 0, isCounting: false };
  const cpuBefore = process.cpuUsage();
  const lines: CallEndedLine[] = [];
  let skippedPackets = 0;
  const all = () => [...talking.values()].reduce((sum, count) => sum + count, 0);
  const change = (relay: string, by: number) => {
    talking.set(relay, (talking.get(relay) ?? 0) + by);
    noteSpan(span, all());
  };
  return {
    talking: (relay) => {
      change(relay, 1);
      return () => change(relay, -1);
    },
    nowTalking: all,
    rampedUp: () => {
      if (span.leastAtOnce === undefined) Object.assign(span, { isCounting: true, leastAtOnce: all() });
    },
    stopped: () => {
      span.isCounting = false;
    },
    skipped: (packets) => {
      skippedPackets += packets;
    },
    ended: (line) => lines.push(line),
    second: (at) => ({ kind: 'second', at, talking: all(), relays: Object.fromEntries(talking) }),
    summary: (at, wheel) => {
      const { user, system } = process.cpuUsage(cpuBefore);
      return {
        ...{ kind: 'summary', at, seconds: Math.round(performance.now() - startedAt) / 1_000 },
        ...totalsOf(lines),
        ...(span.leastAtOnce === undefined ? {} : { leastAtOnce: span.leastAtOnce }),
        mostAtOnce: span.mostAtOnce,
        caller: { ...wheel, skippedPackets, cpuSeconds: Math.round((user + system) / 1_000) / 1_000 },
      };
    },
  };
}

function noteSpan(span: Span, atOnce: number): void {
  span.mostAtOnce = Math.max(span.mostAtOnce, atOnce);
  if (span.isCounting) span.leastAtOnce = Math.min(span.leastAtOnce ?? atOnce, atOnce);
}
