/** The rollout that is on, for people. Pure. */
import type { Running } from '../running.ts';

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
