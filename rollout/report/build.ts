import type { RolloutEvent } from '../core/events.ts';
import { awayAtOnce } from '../core/policy.ts';
import { auditOf } from './audit.ts';
import type { CallEndedLine, CallLine, SummaryLine } from './call-lines.ts';
import { decisionsOf, waitsOf } from './decisions.ts';
import { movedCalls } from './moved.ts';
import { relayStories, secondsBetween } from './relay-story.ts';
import { sessionsOf } from './sessions.ts';
import { sumOfCalls } from './sums.ts';
import {
  type CallsReport,
  type CapacityReport,
  REPORT_VERSION,
  type RelayReport,
  type Report,
  type RunReport,
  type SessionsReport,
} from './types.ts';
import { verdictOf } from './verdict.ts';

export type ReportInput = {
  /** Journal of one rollout, in the order of time; more runs than one when it was taken up again. */
  readonly events: readonly RolloutEvent[];
  /** What a caller told meanwhile; empty: nothing is said about calls. */
  readonly calls: readonly CallLine[];
};

/** Journal and callers' statistics → report. Undefined when the journal has no start of a run. Pure. */
export function buildReport({ events, calls }: ReportInput): Report | undefined {
  const starts = events.filter((event) => event.kind === 'run-started');
  const [first, last] = [starts[0], starts.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const until = [events.at(-1)?.at, calls.at(-1)?.at].reduce((a, b) => ((a ?? '') > (b ?? '') ? a : b)) ?? '';
  const wanted = new Map(last.targets.map(({ zone, version }) => [zone, version]));
  const stories = relayStories(events, (zone) => wanted.get(zone), until);
  const relays = stories.map((relay) => ({ ...relay, ...lastCallOf(relay, calls) }));
  const sessions = sessionsOf(calls, events, relays);
  const callsReport = callsOf(calls, events);
  const run = runOf(events, starts, relays);
  return {
    v: REPORT_VERSION,
    fleet: last.fleet,
    verdict: verdictOf({ run, relays, calls: callsReport }),
    run,
    relays,
    ...(callsReport === undefined ? {} : { calls: callsReport }),
    sessions,
    capacity: capacityOf(last, events, sessions),
    decisions: decisionsOf(events),
    waits: waitsOf(events, until),
    audit: auditOf(events),
  };
}

type Started = Extract<RolloutEvent, { kind: 'run-started' }>;

function runOf(
  events: readonly RolloutEvent[],
  starts: readonly Started[],
  relays: readonly RelayReport[],
): RunReport {
  const [first, last] = [starts[0], starts.at(-1)];
  const end = events.findLast((event) => event.kind === 'run-ended' && event.run === last?.run);
  const ended = end?.kind === 'run-ended' ? end : undefined;
  const seconds = secondsBetween(first?.at, ended?.at);
  return {
    ids: [...new Set(starts.map(({ run }) => run))],
    by: last?.by ?? '',
    startedAt: first?.at ?? '',
    ...(ended === undefined ? {} : { endedAt: ended.at, result: ended.result, because: ended.because }),
    ...(ended?.reasons === undefined ? {} : { reasons: ended.reasons }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(last?.policy.share === undefined ? {} : { share: last.policy.share }),
    versionsBefore: versionsOf(relays.map(({ versionBefore }) => versionBefore)),
    versionsAfter: versionsOf(relays.map(({ versionAfter }) => versionAfter)),
    targets: (last?.targets ?? []).map(({ zone, image, version }) => ({
      ...{ zone, image },
      ...(version === undefined ? {} : { version }),
    })),
  };
}

/** Callers know `address:port`; the next VM has the same address. */
function lastCallOf(
  { address, floating = address, replacedAt }: RelayReport,
  calls: readonly CallLine[],
): { lastCallAt?: string } {
  if (floating === undefined || replacedAt === undefined) return {};
  const ends = calls.flatMap((line) =>
    line.kind === 'call-ended' && line.relay?.startsWith(`${floating}:`) && line.at <= replacedAt
      ? [line.at]
      : [],
  );
  const lastCallAt = ends.toSorted().at(-1);
  return lastCallAt === undefined ? {} : { lastCallAt };
}

function versionsOf(versions: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(versions.filter((version) => version !== undefined))].sort();
}

function callsOf(lines: readonly CallLine[], events: readonly RolloutEvent[]): CallsReport | undefined {
  const ended = lines.filter((line): line is CallEndedLine => line.kind === 'call-ended');
  const summary = lines.findLast((line): line is SummaryLine => line.kind === 'summary');
  if (summary === undefined && ended.length === 0) return undefined;
  const lengths = ended.filter(({ outcome }) => outcome === 'ok').map(({ seconds }) => seconds);
  const moved = movedCalls(events, ended);
  const { kind: _kind, at: _at, ...figures } = summary ?? sumOfCalls(lines, ended);
  return {
    ...figures,
    shortestSeconds: lengths.reduce((least, length) => Math.min(least, length), lengths[0] ?? 0),
    longestSeconds: lengths.reduce((most, length) => Math.max(most, length), 0),
    ...(moved === undefined ? {} : { moved: { calls: moved.calls, packetsLost: moved.packetsLost } }),
    harmed: ended
      .filter(({ id, outcome, lost }) => outcome === 'cut' || (lost > 0 && !moved?.explained.has(id)))
      .map(({ id, relay, at, lost, reason }) => ({
        ...{ id, at, lost },
        ...(relay === undefined ? {} : { relay }),
        ...(reason === undefined ? {} : { reason }),
      })),
    complete: summary !== undefined,
  };
}

function capacityOf(
  { policy, relays }: Started,
  events: readonly RolloutEvent[],
  sessions: SessionsReport,
): CapacityReport {
  const { drainSeconds, pollSeconds, goodAnswers } = policy;
  const maxUnavailable = awayAtOnce(policy, relays.length);
  const least = leastAdmitting(events);
  const counts = sessions.relays.flatMap(({ calls }) => calls.filter((count) => count !== null));
  const most = counts.length === 0 ? undefined : counts.reduce((a, b) => Math.max(a, b));
  return {
    ...{ maxUnavailable, drainSeconds, pollSeconds, goodAnswers },
    ...(least === undefined ? {} : { leastAdmitting: least }),
    ...(most === undefined ? {} : { mostOnOneRelay: most }),
  };
}

/** A relay of which it is not known counts as one that does not take calls. */
function leastAdmitting(events: readonly RolloutEvent[]): number | undefined {
  const admitting = new Map<string, boolean>();
  let least: number | undefined;
  for (const event of events) {
    const states =
      event.kind === 'run-started' ? event.relays : event.kind === 'relay-observed' ? [event] : [];
    for (const { relay, admitting: is } of states) admitting.set(`${relay.zone}/${relay.name}`, is === true);
    if (states.length === 0) continue;
    const count = [...admitting.values()].filter((is) => is).length;
    least = Math.min(least ?? count, count);
  }
  return least;
}
