import { expect, test } from 'vitest';
import type { EventBody, RolloutEvent } from '../../../rollout/core/events.ts';
import { waitsAfter } from '../../../rollout/core/waits.ts';
import { runningLines } from '../../../rollout/view/running.ts';

const at = '2026-08-11T10:00:00.000Z';
const say = (body: EventBody): RolloutEvent => ({ v: 1, at, run: 'r1', ...body });
const relay = { zone: 'z', name: 'a1' };
const hold = (because: string) => say({ kind: 'hold', relay, because, overdue: false });

test('a relay waits for the last thing that was said of it, until that is over', () => {
  const before = waitsAfter(new Map(), [hold('3 calls left'), hold('1 call left')]);
  expect([...before.values()]).toEqual([{ relay: 'a1', because: '1 call left', overdue: false, since: at }]);
  expect(waitsAfter(before, [say({ kind: 'hold-ended', relay })]).size).toBe(0);
  expect(before.size).toBe(1);
});

test('the end of a run ends its waits, those of the run itself too', () => {
  const whole = say({ kind: 'hold', because: 'paused', overdue: false });
  const waits = waitsAfter(new Map(), [hold('1 call left'), whole]);
  expect(waits.size).toBe(2);
  const end = say({ kind: 'run-ended', result: 'done', because: '', seconds: 1, relays: [] });
  expect(waitsAfter(waits, [end]).size).toBe(0);
});

test('people read who runs it and what each relay waits for', () => {
  const waits = [
    { relay: 'a1', because: '3 calls left', overdue: true, since: at },
    { because: 'paused', overdue: false, since: at },
  ];
  expect(runningLines({ run: 'r1', by: 'ann@host', since: at, waits })).toEqual([
    `rollout r1 is on, by ann@host since ${at}`,
    '  a1 waits: 3 calls left (beyond its deadline)',
    '  the run waits: paused',
  ]);
  expect(runningLines(undefined)).toEqual([]);
});
