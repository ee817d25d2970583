import { expect, test } from 'vitest';
import type { EventBody, RolloutEvent } from '../../../rollout/core/events.ts';
import { endOfNewest, lastRollout, neverBegan } from '../../../rollout/core/history.ts';
import { POLICY } from '../support/fleets.ts';

function runOf(run: string, result?: 'done' | 'interrupted', fleet = 'f'): readonly RolloutEvent[] {
  const say = (body: EventBody): RolloutEvent => ({ v: 1, at: '2026-08-11T10:00:00.000Z', run, ...body });
  const start = say({
    kind: 'run-started',
    fleet,
    by: 'a@b',
    pid: 1,
    policy: POLICY,
    targets: [],
    relays: [],
  });
  const end: EventBody = { kind: 'run-ended', result: result ?? 'done', because: '', seconds: 1, relays: [] };
  return result === undefined ? [start] : [start, say(end)];
}

const names = (events: readonly RolloutEvent[]) => [...new Set(events.map(({ run }) => run))];

test('the last rollout begins after the last run that was done, and includes the runs that it took up', () => {
  const runs = [runOf('r1', 'done'), runOf('r2'), runOf('r3', 'interrupted'), runOf('r4', 'done')];
  expect(names(lastRollout(runs))).toEqual(['r2', 'r3', 'r4']);
});

test('other fleets and runs that never began are left out', () => {
  expect(names(lastRollout([runOf('r1', undefined, 'g'), runOf('r2', 'done'), []]))).toEqual(['r2']);
  expect(lastRollout([])).toEqual([]);
});

test('how the newest run ended is known, also of one that ended before it had seen the fleet', () => {
  const refused: RolloutEvent = {
    ...{ v: 1, at: '2026-08-11T11:00:00.000Z', run: 'r9', kind: 'run-ended', result: 'refused' },
    ...{ because: 'a proxy is away', seconds: 1, relays: [] },
  };
  const late: RolloutEvent = {
    v: 1,
    at: refused.at,
    run: 'r9',
    kind: 'notify-failed',
    to: 'x',
    message: 'y',
  };
  expect(endOfNewest([...runOf('r1', 'done'), refused, late])).toBe(refused);
  expect(endOfNewest([...runOf('r1', 'done'), ...runOf('r2')])).toBeUndefined();
  expect(endOfNewest([])).toBeUndefined();
  expect(neverBegan([runOf('r1', 'done'), [refused, late], []])).toBe(refused);
  expect(neverBegan([[refused], runOf('r1', 'done')])).toBeUndefined();
});
