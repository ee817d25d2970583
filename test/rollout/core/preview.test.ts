import { expect, test } from 'vitest';
import { preview } from '../../../rollout/core/preview.ts';
import { fleetOf, NOW, POLICY, serving, stale } from '../support/fleets.ts';

const assume = { drainMs: () => 60_000, replaceMs: 30_000 };

test('a plan shows every act in order, how long it takes and how few relays take calls', () => {
  const plan = preview(fleetOf(stale('a1'), stale('b1'), serving('c1')), POLICY, assume, NOW);
  expect(plan.steps.map(({ action, relay }) => `${action} ${relay}`)).toEqual([
    'cordon a1',
    'replace a1',
    'admit a1',
    'cordon b1',
    'replace b1',
    'admit b1',
  ]);
  expect(plan).toMatchObject({ result: 'done', lowestAdmitting: 2 });
  expect(plan.ms).toBeGreaterThan(60_000 + 30_000);
});

test('a plan that cannot end says so', () => {
  expect(preview(fleetOf(stale('a1')), POLICY, assume, NOW)).toMatchObject({
    result: 'held',
    because: ['the last relay that takes calls is never cordoned'],
    steps: [],
  });
});

test('a fleet that is done has nothing to plan', () => {
  expect(preview(fleetOf(serving('a1')), POLICY, assume, NOW)).toMatchObject({
    result: 'done',
    steps: [],
    ms: 0,
  });
});
