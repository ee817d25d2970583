import { expect, test } from 'vitest';
import { backAt, checkedAt, goneAt } from '../../bench/drain-watch.ts';
import { rolloutTime } from '../../bench/rollout-time.ts';
import { endedCall, reportOf, SUMMARY, sampleJournal } from '../report/support/sample.ts';

const GIVEN = { gatePackets: 10, operationSeconds: 0.01 };

test('all of the time of a rollout is told, and what no controller can beat is its bound', async () => {
  const events = await sampleJournal();
  const first = reportOf({ events, calls: [] }).relays[0];
  const { address = '', emptyAt = '', replacedAt = '' } = first ?? {};
  const before = (iso: string, ms: number) => new Date(Date.parse(iso) - ms).toISOString();
  const calls = [
    endedCall({ relay: `${address}:22222`, at: before(emptyAt, 3_000) }),
    endedCall({ relay: `${address}:22222`, at: before(replacedAt, -60_000) }),
    SUMMARY,
  ];
  const report = reportOf({ events, calls });
  expect(report.relays[0]?.lastCallAt).toBe(before(emptyAt, 3_000));
  const seen = {
    goneAt: (_: string, at = '') => Date.parse(at) - 1_000,
    backAt: (_: string, from = '') => Date.parse(from) + 4_000,
    checkedAt: (_: string, from = '') => Date.parse(from) + 4_040,
  };
  const { total, bound, steps } = rolloutTime(report, seen, GIVEN);
  expect(total).toBeCloseTo(report.run.seconds ?? 0);
  expect(Object.values(steps).reduce((sum, seconds) => sum + seconds, 0)).toBeCloseTo(total);
  const step = (words: string) => Object.entries(steps).find(([name]) => name.includes(words))?.[1] ?? -1;
  expect(step('the VM is made')).toBeCloseTo(12);
  expect(step('checks itself')).toBeCloseTo(0.12);
  // On the simulated fleet an order takes no time, so that two of the three have room.
  expect(step('operations of the cloud')).toBeCloseTo(3 * 2 * 0.01);
  expect(step('proof')).toBeGreaterThan(1);
  expect(step('proof')).toBeLessThanOrEqual(3.001);
  expect(step('keeps an ended call')).toBeGreaterThanOrEqual(2);
  const bounds = Object.entries(steps).filter(([name]) => name.startsWith('bound: '));
  expect(bound).toBeCloseTo(bounds.reduce((sum, [, seconds]) => sum + seconds, 0));
  // What nobody saw is in no bound.
  const nothing = () => undefined;
  const blind = rolloutTime(report, { goneAt: nothing, backAt: nothing, checkedAt: nothing }, GIVEN);
  expect(blind.total).toBeCloseTo(total);
  expect(blind.bound).toBeLessThan(bound - 11);
});

test('the last call is gone once none is seen any more, and a relay is back after its longest silence', () => {
  const looks = [
    [0, 2],
    [100, 0],
    [200, 1],
    [300, 0],
    [400, 0],
    [900, 0],
    [2_900, 0],
    [3_000, 0],
  ].map(([at = 0, calls = 0]) => ({ at, calls }));
  expect(goneAt(looks, 400)).toBe(300);
  expect(goneAt(looks.slice(3), 400)).toBeUndefined();
  expect(backAt(looks, 400, 5_000)).toBe(2_900);
  expect(backAt([], 400, 5_000)).toBeUndefined();
});

test('a relay has checked itself once the VM in its place tells so, not the one before', () => {
  const checks = [
    [100, true],
    [500, true],
    [600, false],
    [900, false],
    [1_000, true],
    [1_100, true],
  ].map(([at, checked]) => ({ at: Number(at), checked: checked === true }));
  expect(checkedAt(checks, 400, 5_000)).toBe(1_000);
  expect(checkedAt(checks, 400, 950)).toBeUndefined();
  expect(checkedAt(checks.slice(0, 2), 0, 5_000)).toBeUndefined();
});
