import { expect, test } from 'vitest';
import { playChaos } from '../../../bench/rollout/chaos.ts';
import { NOW, POLICY } from '../../rollout/support/fleets.ts';
import { seeded } from '../../rollout/support/seeded.ts';

const policy = { ...POLICY, drainSeconds: 0, replaceSeconds: 100_000, maxUnavailable: 2, relayCalls: 400 };

test.each([1, 2, 3, 4])(
  'with everything going wrong no call is cut, and the fleet is rolled: seed %i',
  (seed) => {
    const story = { seed, zones: 3, perZone: 3, callsPerSecond: 4, calls: 6_000, callSeconds: 60 };
    const end = playChaos(story, { ...policy, reserve: 'relay', preCordon: 1 }, seeded(seed), NOW);
    expect(end).toMatchObject({ cut: 0, refused: 0, placed: 6_000, end: 'done' });
    expect(end.kills).toBeGreaterThan(3);
  },
);
