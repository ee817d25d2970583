import { expect, test } from 'vitest';
import { endOf, plan } from '../../../rollout/core/plan.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import { preview } from '../../../rollout/core/preview.ts';
import { isOpen, nextOpening, type WindowPolicy } from '../../../rollout/core/window.ts';
import { draining, empty, fleetOf, NOW, POLICY, stale } from '../support/fleets.ts';

const at = (text: string) => Date.parse(text);
const berlin: WindowPolicy = {
  timeZone: 'Europe/Berlin',
  windows: [{ days: ['fri'], from: '22:00', to: '05:00' }],
};

test.each([
  ['a minute before', '2026-11-20T20:59:00Z', false],
  ['as it begins', '2026-11-20T21:00:00Z', true],
  ['after midnight, on the next day', '2026-11-21T03:59:00Z', true],
  ['as it ends', '2026-11-21T04:00:00Z', false],
  ['on the evening after', '2026-11-21T21:30:00Z', false],
  ['in summer time', '2026-07-03T20:00:00Z', true],
])('a window over midnight, in its own time zone: %s', (_, text, open) => {
  expect(isOpen(berlin, at(text))).toBe(open);
});

test('without windows it is always open; without days each day counts', () => {
  expect(isOpen({ timeZone: 'UTC', windows: [] }, NOW)).toBe(true);
  const daily = { timeZone: 'UTC', windows: [{ from: '01:00', to: '02:00' }] };
  expect(isOpen(daily, at('2026-11-24T01:30:00Z'))).toBe(true);
});

test('the next opening, to the minute; at once where it is open; none in a week', () => {
  expect(nextOpening(berlin, at('2026-11-21T12:34:56Z'))).toBe(at('2026-11-27T21:00:00Z'));
  const odd = { timeZone: 'UTC', windows: [{ from: '03:07', to: '04:00' }] };
  expect(nextOpening(odd, at('2026-11-21T02:59:30Z'))).toBe(at('2026-11-21T03:07:00Z'));
  expect(nextOpening(berlin, at('2026-11-20T22:00:30Z'))).toBe(at('2026-11-20T22:00:30Z'));
});

const closed: Policy = { ...POLICY, timeZone: 'UTC', windows: [{ from: '03:00', to: '04:00' }] };
const words = (fleet: ReturnType<typeof fleetOf>, policy: Policy) =>
  plan(fleet, policy, NOW).map(({ kind, relay, because }) => `${kind} ${relay?.name ?? ''}: ${because}`);

test('outside of its windows a run goes on with what is in hand, begins nothing, and waits', () => {
  expect(new Date(NOW).toISOString()).toBe('2027-01-15T08:00:00.000Z');
  const fleet = fleetOf(empty('a1'), draining('a2'), stale('a3'), stale('b1'));
  expect(words(fleet, { ...closed, maxUnavailable: 3 })).toEqual([
    'hold a2: 2 calls left',
    'hold : outside the maintenance windows (UTC); the next one opens 2027-01-16T03:00:00Z',
  ]);
  expect(endOf(plan(fleet, closed, NOW))).toBeUndefined();
});

test('after its last moment a run begins nothing and ends as held', () => {
  const policy = { ...POLICY, until: NOW - 1 };
  const fleet = fleetOf(draining('a1'), stale('b1'));
  expect(words(fleet, policy)).toEqual(['hold a1: 2 calls left, and the time of this run is over']);
  expect(endOf(plan(fleet, policy, NOW))).toBe('held');
  const begun = fleetOf(empty('a1'), stale('b1'));
  expect(endOf(plan(begun, policy, NOW))).toBe('held');
  expect(words(begun, { ...policy, until: NOW + 1 })).toEqual([expect.stringMatching(/^replace a1/)]);
});

test('a plan waits for the window as well', () => {
  const fleet = fleetOf(stale('a1'), stale('b1'));
  const { result, steps } = preview(fleet, closed, { drainMs: () => 60_000, replaceMs: 30_000 }, NOW);
  expect(result).toBe('done');
  expect(steps[0]).toMatchObject({ action: 'cordon', at: 19 * 3_600_000 });
});
