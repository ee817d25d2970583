import { expect, test } from 'vitest';
import { preview } from '../../../rollout/core/preview.ts';
import { draining, fleetOf, joining, NOW, POLICY, serving, stale, thrice } from '../support/fleets.ts';

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

test('what moves besides the relays that are worked on is seen too', () => {
  const late = stale('a2', { vm: { state: 'changing', detail: 'RECREATING STAGING', createdAt: NOW } });
  const away = draining('a3', { looks: thrice({ limit: 0, own: 3 }) });
  const fleet = fleetOf(stale('a1'), late, away, joining('b1'), serving('b2'));
  const plan = preview(fleet, { ...POLICY, maxUnavailable: 3 }, assume, NOW);
  expect(plan.result).toBe('done');
  const admitted = plan.steps.filter(({ action }) => action === 'admit').map(({ relay }) => relay);
  expect(admitted.toSorted()).toEqual(['a1', 'a2', 'a3', 'b1']);
});

test('calls of relays that drain come to the others in turn, and none is lost', () => {
  const relays = ['a1', 'a2', 'a3', 'a4'].map((name) => stale(name, { looks: thrice({ own: 6 }) }));
  const policy = { ...POLICY, relayCalls: 20, reserve: 'none' } as const;
  const { steps } = preview(fleetOf(...relays), policy, assume, NOW);
  const cordons = steps.filter(({ action }) => action === 'cordon').map(({ because }) => because);
  expect(cordons[0]).toContain('6 calls');
  expect(cordons[1]).toContain('8 calls');
});
