import { expect, test } from 'vitest';
import type { CallLine } from '../../rollout/report/call-lines.ts';
import { totalCalls } from '../../rollout/report/chart.ts';
import { at, journal, observed, RELAY, START, type Told } from './support/events.ts';
import { endedCall, reportOf } from './support/sample.ts';

const one = (...lines: readonly Told[]) => reportOf({ events: journal([0, START], ...lines), calls: [] });

test('a relay that was empty and got a call again was not empty until the last call was gone', () => {
  const report = one(
    [1, observed({ phase: 'draining', own: 1, foreign: 0, cordonedAt: at(1) })],
    [5, observed({ phase: 'empty', own: 0, foreign: 0 })],
    [6, observed({ phase: 'draining', own: 1, foreign: 0 })],
    [9, observed({ phase: 'empty', own: 0, foreign: 0 })],
  );
  expect(report.relays[0]).toMatchObject({ emptyAt: at(9), drainSeconds: 8 });
});

test('a run that takes up a drain knows from the VM since when it goes on', () => {
  const report = one(
    [60, observed({ phase: 'draining', own: 3, foreign: 0, cordonedAt: at(-20) })],
    [70, observed({ phase: 'empty', own: 0, foreign: 0, cordonedAt: at(-20) })],
  );
  expect(report.relays[0]).toMatchObject({ cordonedAt: at(-20), drainSeconds: 90 });
});

test('an uncordoned relay was not drained', () => {
  const done = { kind: 'action-done', relay: RELAY, seconds: 0.1 } as const;
  const report = one(
    [1, { ...done, action: 'cordon' }],
    [4, { ...done, action: 'uncordon' }],
    [5, observed({ phase: 'stale' })],
  );
  expect(report.relays[0]).not.toHaveProperty('cordonedAt');
  expect(report.relays[0]?.phases.at(-1)?.phase).toBe('stale');
});

test('the last phase of a relay lasts until nothing more is told, by the rollout or by the caller', () => {
  const second: CallLine = { kind: 'second', at: at(30), talking: 0, relays: {} };
  const events = journal([0, START], [2, observed({ phase: 'serving', version: 'mr12.5.1.31' })]);
  const report = reportOf({ events, calls: [second] });
  expect(report.relays[0]?.phases).toEqual([{ phase: 'serving', from: at(2), to: at(30) }]);
});

test('a relay of which it is not known whether it takes calls counts as one that does not', () => {
  const other = { zone: 'z', name: 'other' };
  const state = { phase: 'stale', admitting: true } as const;
  const start = { ...START, relays: [RELAY, other].map((relay) => ({ ...state, relay })) };
  const events = journal([0, start], [3, observed({ relay: other })]);
  const report = reportOf({ events, calls: [] });
  expect(report.capacity.leastAdmitting).toBe(1);
});

test('a new reason to wait ends the one before', () => {
  const hold = { kind: 'hold', relay: RELAY, overdue: false } as const;
  const report = one(
    [1, { ...hold, because: '12 calls left' }],
    [3, { ...hold, because: '1 call left' }],
    [5, { ...hold, because: 'it does not answer yet' }],
    [6, { kind: 'hold-ended', relay: RELAY }],
    [9, observed()],
  );
  expect(report.waits.map(({ because, seconds }) => `${because}: ${seconds}`)).toEqual([
    '12 calls left: 4',
    'it does not answer yet: 1',
  ]);
});

test('a call that only lost packets is among those that suffered', () => {
  const events = journal([0, START]);
  const report = reportOf({ events, calls: [endedCall({ at: at(1), lost: 2 })] });
  expect(report.calls?.harmed).toMatchObject([{ id: 'c1', lost: 2 }]);
});

test("a caller's tick that fell into its neighbour's second leaves no hole", () => {
  const tick = (seconds: number, calls: number): CallLine => ({
    ...{ kind: 'second', at: at(seconds), talking: calls, relays: { '10.0.0.1:22222': calls } },
  });
  const events = journal([0, START], [0, observed({ address: '10.0.0.1' })]);
  const report = reportOf({
    events,
    calls: [tick(0, 4), tick(1, 5), tick(2.4, 6), tick(3.6, 7), tick(5, 8)],
  });
  expect(report.sessions.relays).toEqual([{ name: 'r', calls: [4, 5, 6, 6, 7, 8] }]);
});

test('calls of the whole fleet are not known while those of one relay are not', () => {
  const relays = [
    { name: 'a', calls: [1, null, 3] },
    { name: 'b', calls: [1, 1, 1] },
  ];
  expect(totalCalls({ sessions: { source: 'relays', startedAt: at(0), relays } })).toEqual([2, null, 4]);
});
