import { Killed } from '../../../bench/rollout/ports.ts';
import type { RolloutEvent } from '../../../rollout/core/events.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import { buildReport, type ReportInput } from '../../../rollout/report/build.ts';
import type { CallEndedLine, CallLine, SummaryLine } from '../../../rollout/report/call-lines.ts';
import { relayStories } from '../../../rollout/report/relay-story.ts';
import { sessionsOf } from '../../../rollout/report/sessions.ts';
import type { Report } from '../../../rollout/report/types.ts';
import { type FakeOptions, fakeFleet } from '../../rollout/support/fake-fleet.ts';
import { POLICY } from '../../rollout/support/fleets.ts';

/** The journal of a real controller on the simulated fleet; `killAt`: it dies at this step and another takes over. */
export async function sampleJournal(
  { policy: over, ...options }: FakeOptions & { readonly policy?: Partial<Policy> } = {},
  killAt?: number,
): Promise<readonly RolloutEvent[]> {
  const events: RolloutEvent[] = [];
  let run = 'run-1';
  const fleet = fakeFleet({
    callsForMs: 90_000,
    ...options,
    onEvent: (event, { now }) => events.push({ v: 1, at: iso(now()), run, ...event }),
  });
  const policy = { ...POLICY, pollSeconds: 0.25, ...over };
  if (killAt !== undefined) {
    await fleet.start(policy, { killAt }).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
    run = 'run-2';
  }
  await fleet.start(policy);
  return events;
}

export const COUNTS = { sent: 500, received: 500, duplicates: 0, late: 0, stray: 0, sendErrors: 0 };

export const SUMMARY: SummaryLine = {
  ...{
    kind: 'summary',
    at: '2026-01-01T00:02:00.000Z',
    seconds: 120,
    calls: 412,
    cut: 0,
    packetsSent: 512_345,
  },
  ...{ packetsLost: 0, duplicates: 0, late: 3, stray: 0, sendErrors: 0, reInvites: 200, diverted: 38 },
  ...{ leastAtOnce: 33, mostAtOnce: 51 },
  caller: { stalls: 2, longestStallMs: 41, skippedPackets: 30, cpuSeconds: 9.1 },
};

export function endedCall(changes: Partial<CallEndedLine> = {}): CallEndedLine {
  return {
    ...{ kind: 'call-ended', at: '2026-01-01T00:00:30.000Z', id: 'c1', relay: '10.0.0.2:22222' },
    ...{ startedAt: '2026-01-01T00:00:20.000Z', seconds: 10, diverted: [], reInvites: 1 },
    ...{ aToB: COUNTS, bToA: COUNTS, lost: 0, outcome: 'ok' },
    ...changes,
  };
}

/** Lines of a caller that saw on each relay what the journal says. */
export function sampleCalls(
  events: readonly RolloutEvent[],
  summary: SummaryLine = SUMMARY,
): readonly CallLine[] {
  const relays = relayStories(events, () => undefined, events.at(-1)?.at ?? '');
  const seen = sessionsOf([], events, relays);
  const from = Date.parse(seen.startedAt);
  const length = Math.max(...seen.relays.map(({ calls }) => calls.length));
  const seconds = Array.from({ length }, (_, at): CallLine => {
    const counts = seen.relays.map(({ name, calls }) => {
      const address = relays.find((relay) => relay.name === name)?.address ?? name;
      return [`${address}:22222`, calls[at] ?? 0] as const;
    });
    const talking = counts.reduce((sum, [, calls]) => sum + calls, 0);
    return { kind: 'second', at: iso(from + at * 1_000), talking, relays: Object.fromEntries(counts) };
  });
  return [...seconds, endedCall({ at: events.at(-1)?.at ?? '' }), summary];
}

export function reportOf(input: ReportInput): Report {
  const report = buildReport(input);
  if (report === undefined) throw new Error('the journal has no start of a run');
  return report;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
