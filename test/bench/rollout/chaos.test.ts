import { expect, test } from 'vitest';
import { FAULTS, playChaos } from '../../../bench/rollout/chaos.ts';
import { seeded } from '../../../bench/rollout/seeded.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import { NOW, POLICY } from '../../rollout/support/fleets.ts';

const policy: Policy = {
  ...POLICY,
  ...{ drainSeconds: 0, replaceSeconds: 100_000, maxUnavailable: 2, relayCalls: 400 },
  ...{ reserve: 'relay', preCordon: 1 },
};

const load = { perSecond: 4, surges: true, calls: 6_000, shortest: 1_000, longest: 60_000 };
const chaos = { zones: 3, perZone: 3, load, faults: FAULTS, start: NOW };

test.each([1, 2, 3, 4])(
  'with everything going wrong no call is cut, and the fleet is rolled: seed %i',
  async (seed) => {
    const end = await playChaos({ ...chaos, random: seeded(seed) }, policy);
    expect(end).toMatchObject({ cut: 0, refused: 0, placed: 6_000, end: 'done', amiss: 0 });
    expect(end.kills).toBeGreaterThan(1);
  },
);

test('so it is when a relay that does not come up in time ends a run, and people start it again', async () => {
  const patient = { ...policy, drainSeconds: 40, replaceSeconds: 45, pollSeconds: 0.5 };
  const end = await playChaos({ ...chaos, random: seeded(5) }, patient);
  expect(end).toMatchObject({ cut: 0, refused: 0, placed: 6_000, end: 'done', amiss: 0 });
  expect(end.processes).toBeGreaterThan(end.kills + 1);
});
