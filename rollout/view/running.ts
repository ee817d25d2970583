/** The rollout that is on, for people. Pure. */
import type { LastEnd, Running } from '../running.ts';

export function runningLines(running: Running | undefined): readonly string[] {
  if (running === undefined) return [];
  const { run, by, since, waits } = running;
  const head = `rollout ${run} is on, by ${by} since ${since}`;
  const each = (waits ?? []).map(
    ({ relay, because, overdue }) =>
      `  ${relay ?? 'the run'} waits: ${because}${overdue ? ' (beyond its deadline)' : ''}`,
  );
  return [head, ...each];
}

/** How the last rollout ended. */
export function lastLines(last: LastEnd | undefined): readonly string[] {
  if (last === undefined) return [];
  const { run, at, result, because, hint } = last;
  const next = result === 'done' || hint === undefined ? [] : [`  ${hint}`];
  return [`last rollout ${run}: ${result} at ${at}: ${because}`, ...next];
}

/** What is not known of rollouts from other machines, and why. */
export function blindLines(why: string | undefined): readonly string[] {
  return why === undefined ? [] : [`not known: whether a rollout from another machine is on. ${why}`];
}
