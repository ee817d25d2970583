import { expect, test } from 'vitest';
import { seeded } from '../../../bench/rollout/seeded.ts';
import { aliveAt, type Exposure, etaOf, steadyEta, survivalOf } from '../../../rollout/core/eta.ts';

const whole = (to: number, ended = true): Exposure => ({ from: 0, to, ended });

test('without censoring the estimate is the share of calls that reach an age', () => {
  const survival = survivalOf(Array.from({ length: 100 }, (_, index) => whole(index + 1)));
  if (survival === undefined) throw new TypeError();
  expect(aliveAt(survival, 0)).toBe(1);
  expect(aliveAt(survival, 50)).toBeCloseTo(0.5);
  expect(aliveAt(survival, 90)).toBeCloseTo(0.1);
});

/** A textbook's table (Kaplan and Meier by hand): 10 at risk each, half of them censored. */
test('calls that are still up count for as long as they were seen', () => {
  const seen = [10, 20].flatMap((age) => [
    ...Array.from({ length: 10 }, () => whole(age)),
    ...Array.from({ length: 10 }, () => whole(age + 1, false)),
  ]);
  const survival = survivalOf(seen);
  if (survival === undefined) throw new TypeError();
  expect(aliveAt(survival, 10)).toBeCloseTo(1 - 10 / 40);
  expect(aliveAt(survival, 20)).toBeCloseTo((1 - 10 / 40) * (1 - 10 / 20));
});

test('a call that was first seen late says nothing about the ages before', () => {
  const young = Array.from({ length: 20 }, () => whole(10));
  const old = Array.from({ length: 20 }, (): Exposure => ({ from: 50, to: 60, ended: true }));
  const survival = survivalOf([...young, ...Array.from({ length: 20 }, () => whole(60)), ...old]);
  if (survival === undefined) throw new TypeError();
  expect(aliveAt(survival, 30)).toBeCloseTo(0.5);
});

test('too few ends, or calls longer than any that was seen to end, are unknown', () => {
  const few = survivalOf(Array.from({ length: 19 }, () => whole(10)));
  expect(few).toBeUndefined();
  expect(etaOf([5], few)).toEqual({ p50: 'unknown', p90: 'unknown' });
  expect(etaOf([], few)).toEqual({ p50: 0, p90: 0 });
  const some = [
    ...Array.from({ length: 30 }, () => whole(10)),
    ...Array.from({ length: 70 }, () => whole(100, false)),
  ];
  expect(etaOf([5], survivalOf(some))).toEqual({ p50: 'unknown', p90: 'unknown' });
  expect(etaOf([500], survivalOf(Array.from({ length: 50 }, () => whole(10))))).toEqual({
    p50: 'unknown',
    p90: 'unknown',
  });
});

/** What really becomes of drains, against what was foretold: half must end within P50, nine of ten within P90. */
test('foretold drains end as foretold', () => {
  const random = seeded(7);
  const life = () => -120 * Math.log(1 - random());
  const survival = survivalOf(Array.from({ length: 4_000 }, () => whole(life())));
  const ages = Array.from({ length: 12 }, () => random() * 200);
  const { p50, p90 } = etaOf(ages, survival);
  const drains = Array.from({ length: 2_000 }, () => Math.max(...ages.map(() => life())));
  const within = (seconds: number) => drains.filter((drain) => drain <= seconds).length / drains.length;
  expect(Math.abs(within(Number(p50)) - 0.5)).toBeLessThan(0.06);
  expect(Math.abs(within(Number(p90)) - 0.9)).toBeLessThan(0.04);
});

test('from one look: under a steady load calls have as long to go as they have been up', () => {
  const random = seeded(11);
  // Exponential lives: ages and remaining lives are exponential as well.
  const ages = Array.from({ length: 3_000 }, () => -90 * Math.log(1 - random()));
  const { p50, p90 } = steadyEta(10, ages);
  const exact = (share: number) => -90 * Math.log(1 - share ** 0.1);
  expect(Math.abs(Number(p50) / exact(0.5) - 1)).toBeLessThan(0.1);
  expect(Math.abs(Number(p90) / exact(0.9) - 1)).toBeLessThan(0.15);
  expect(steadyEta(0, [])).toEqual({ p50: 0, p90: 0 });
  expect(steadyEta(3, ages.slice(0, 19))).toEqual({ p50: 'unknown', p90: 'unknown' });
  expect(steadyEta(60, ages.slice(0, 60)).p90).toBe('unknown');
});
