import { expect, test } from 'vitest';
import { createPlans } from '../../lab/calls/plans.ts';

const OPTIONS = { seed: 5, rate: 4, seconds: [5, 20], reInviteShare: 0.5 } as const;

test('the same seed draws the same calls', () => {
  const [one, other] = [createPlans(OPTIONS, 'run'), createPlans(OPTIONS, 'run')];
  for (let count = 0; count < 20; count += 1) {
    expect(one.next()).toEqual(other.next());
    expect(one.pause()).toBe(other.pause());
  }
});

test('calls are as long as asked for, arrive at the rate, and the share has a re-INVITE within the call', () => {
  const plans = createPlans(OPTIONS, 'run');
  const calls = Array.from({ length: 4_000 }, () => plans.next());
  for (const { seconds, reInvite } of calls) {
    expect(seconds).toBeGreaterThanOrEqual(5);
    expect(seconds).toBeLessThan(20);
    if (reInvite !== undefined) expect(reInvite.after).toBeLessThan(seconds);
  }
  const mean = calls.reduce((sum, { seconds }) => sum + seconds, 0) / calls.length;
  expect(mean).toBeCloseTo(12.5, 0);
  const renewed = calls.filter(({ reInvite }) => reInvite !== undefined).length / calls.length;
  expect(renewed).toBeCloseTo(0.5, 1);
  const pauses = Array.from({ length: 4_000 }, () => plans.pause());
  expect(pauses.reduce((sum, pause) => sum + pause, 0) / 4_000).toBeCloseTo(0.25, 1);
  expect(new Set(calls.map(({ callId }) => callId)).size).toBe(4_000);
});
