import { expect, test } from 'vitest';
import type { CallLine } from '../../rollout/report/call-lines.ts';
import { renderReport } from '../../rollout/report/html.ts';
import { at, journal, observed, RELAY, START } from './support/events.ts';
import { endedCall, reportOf, SUMMARY } from './support/sample.ts';

const done = { kind: 'action-done', relay: RELAY, seconds: 2 } as const;
const moved = (gaps: Readonly<Record<string, number | 'unknown'>>) => ({
  calls: Object.keys(gaps).length,
  mostPackets: 'unknown' as const,
  gaps: Object.entries(gaps).map(([callId, packets]) => ({ callId, packets })),
});

/** Call `a` missed 3 and 2 packets of a stream, `b` is of relays that do not tell. */
const EVENTS = journal(
  [0, START],
  [1, { ...done, action: 'cordon' }],
  [3, { ...done, action: 'hand-over', moved: moved({ a: 3, b: 'unknown' }) }],
  [4, { ...done, action: 'replace' }],
  [9, { ...done, action: 'give-back', moved: moved({ a: 2, b: 'unknown' }) }],
  [10, { ...done, action: 'admit' }],
  [10, { kind: 'relay-admitted', relay: RELAY, detail: 'probe' }],
);

function report(lost: Readonly<Record<string, number>>) {
  const calls: CallLine[] = Object.entries(lost).map(([id, packets]) => endedCall({ id, lost: packets }));
  const packetsLost = Object.values(lost).reduce((sum, packets) => sum + packets, 0);
  return reportOf({ events: EVENTS, calls: [...calls, { ...SUMMARY, packetsLost }] });
}

test('what calls lost by moving is told, and spoils nothing', () => {
  // Each way 3 + 2 packets that nobody heard, and one for each move that was under way.
  const good = report({ a: 14, b: 0 });
  expect(good.calls?.moved).toEqual({ calls: 2, packetsLost: 14 });
  expect(good.calls?.harmed).toEqual([]);
  expect(good.verdict.problems.filter((problem) => problem.includes('lost'))).toEqual([]);
  const page = renderReport(good);
  expect(page).toContain('RTP packets lost, while calls moved');
  expect(page).not.toContain('no packet was lost');
});

test('a call that lost more, whose relays do not tell, that did not move, or was cut is among those that suffered', () => {
  const bad = report({ a: 15, b: 1, other: 1 });
  expect(bad.calls?.moved).toEqual({ calls: 2, packetsLost: 0 });
  expect(bad.calls?.harmed.map(({ id }) => id)).toEqual(['a', 'b', 'other']);
  expect(bad.verdict.problems).toContain('17 of 512,345 RTP packets were lost.');
  const cut = reportOf({ events: EVENTS, calls: [endedCall({ id: 'a', outcome: 'cut', lost: 2 }), SUMMARY] });
  expect(cut.calls?.harmed.map(({ id }) => id)).toEqual(['a']);
});

test('a relay that carried the calls of another after its own replacement keeps its own times', () => {
  const events = [...EVENTS, ...journal([20, { ...done, action: 'uncordon' }])];
  const [relay] = reportOf({ events, calls: [] }).relays;
  expect(relay).toMatchObject({ cordonedAt: at(1), replacedAt: at(4), admittedAt: at(10) });
  const again = journal([30, { ...done, action: 'cordon' }], [40, { ...done, action: 'uncordon' }]);
  const [later] = reportOf({ events: [...EVENTS, ...again], calls: [] }).relays;
  expect(later).toMatchObject({ cordonedAt: at(1), replacedAt: at(4), admittedAt: at(10) });
});

test('callers know a relay by its floating address', () => {
  const events = journal([0, START], [1, observed({ phase: 'serving', floating: '10.0.0.50' })]);
  const calls: CallLine[] = [{ kind: 'second', at: at(1), talking: 4, relays: { '10.0.0.50:22222': 4 } }];
  const { relays, sessions } = reportOf({ events, calls });
  expect(relays[0]?.floating).toBe('10.0.0.50');
  expect(sessions.relays).toEqual([{ name: RELAY.name, calls: [4] }]);
});
