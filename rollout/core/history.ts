/** Which runs belong together: a run that did not reach its end is taken up by the next one. Pure. */
import type { RolloutEvent } from './events.ts';

/** Events of one run, in order. */
export type RunEvents = readonly RolloutEvent[];

export type RunEnded = Extract<RolloutEvent, { readonly kind: 'run-ended' }>;

/** How the run of the newest event has ended; undefined: it has not, or there is none. Events in the order of time. */
export function endOfNewest(events: RunEvents): RunEnded | undefined {
  const run = events.at(-1)?.run;
  return events.findLast((event): event is RunEnded => event.kind === 'run-ended' && event.run === run);
}

/** The newest run, if it ended before it had seen the fleet: nothing can be reported of it but why. */
export function neverBegan(runs: readonly RunEvents[]): RunEnded | undefined {
  const newest = runs.filter((events) => events.length > 0).at(-1) ?? [];
  return fleetOf(newest) === undefined ? endOfNewest(newest) : undefined;
}

/** The last rollout: the last run that began, and every run before it that it took up. Runs in the order of time. */
export function lastRollout(runs: readonly RunEvents[]): RunEvents {
  const begun = runs.filter((events) => fleetOf(events) !== undefined);
  const fleet = fleetOf(begun.at(-1) ?? []);
  const same = begun.filter((events) => fleetOf(events) === fleet);
  const before = same.slice(0, -1);
  const lastDone = before.findLastIndex(isDone);
  return [...before.slice(lastDone + 1), ...same.slice(-1)].flat();
}

function fleetOf(events: RunEvents): string | undefined {
  return events.find((event) => event.kind === 'run-started')?.fleet;
}

function isDone(events: RunEvents): boolean {
  return events.some((event) => event.kind === 'run-ended' && event.result === 'done');
}
