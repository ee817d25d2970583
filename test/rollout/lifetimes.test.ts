import { expect, test } from 'vitest';
import { watchLifetimes } from '../../rollout/lifetimes.ts';
import type { Relays } from '../../rollout/ports.ts';
import { draining, fleetOf, NOW, serving, stale } from './support/fleets.ts';

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test('what ends between two lists tells how long the drain of a relay will take; little is said to be little', async () => {
  let now = NOW;
  const asked: string[] = [];
  // A hundred calls that began a second after each other; each lasts 100 s.
  const ages: Relays['ages'] = async ({ name }) => {
    asked.push(name);
    const seconds = (now - NOW) / 1000;
    const calls = Array.from({ length: 100 }, (_, index) => [`${name}-${index}`, index + seconds] as const);
    return new Map(calls.filter(([, age]) => age < 100));
  };
  const lifetimes = watchLifetimes({ ages }, { now: () => now });
  const fleet = fleetOf(draining('a1'), stale('b1'), serving('c1', { address: undefined }));
  expect(lifetimes.watch(fleet)).toEqual([]);
  await settle();
  expect(lifetimes.watch(fleet)).toMatchObject([{ kind: 'eta', p50: 'unknown', p90: 'unknown' }]);
  expect(asked).toEqual(['a1', 'b1']);
  now += 15_000;
  expect(lifetimes.watch(fleet)).toEqual([]);
  await settle();
  const [eta] = lifetimes.watch(fleet);
  expect(eta).toMatchObject({ relay: { name: 'a1' } });
  // The youngest is 15 s old now.
  const p50 = eta?.kind === 'eta' ? Number(eta.p50) : 0;
  expect(p50).toBeGreaterThan(70);
  expect(p50).toBeLessThan(100);
});
