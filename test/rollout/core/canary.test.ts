import { expect, test } from 'vitest';
import type { Tally } from '../../../lib/ng/statistics.ts';
import type { Fleet, Relay } from '../../../rollout/core/fleet.ts';
import { endOf, plan } from '../../../rollout/core/plan.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import { preview } from '../../../rollout/core/preview.ts';
import {
  draining,
  empty,
  fleetOf,
  joining,
  NOW,
  POLICY,
  replacing,
  SILENCE,
  serving,
  stale,
  thrice,
} from '../support/fleets.ts';

const policy: Policy = { ...POLICY, maxUnavailable: 3, bakeSeconds: 300 };

function decide(fleet: Fleet, over: Partial<Policy> = {}): readonly string[] {
  return plan(fleet, { ...policy, ...over }, NOW).map(({ kind, relay, because }) =>
    kind === 'hold' || kind === 'halt' ? `${kind} ${relay?.name}: ${because}` : `${kind} ${relay?.name}`,
  );
}

const NONE: Tally = { ended: 0, timedOut: 0, oneWay: 0, packets: 0, packetErrors: 0, packetsLost: 0 };

/** Has taken calls for `seconds`, and had `now` of them since. */
function served(relay: Relay, seconds: number, now: Partial<Tally> = {}, restarts = 0): Relay {
  return {
    ...relay,
    service: { since: NOW - seconds * 1000, first: NONE, restarts },
    looks: thrice({ own: 3, tally: { ...NONE, ...now } }),
  };
}

test('one relay alone goes to a new image first, whatever the budget', () => {
  expect(decide(fleetOf(stale('a1'), stale('a2'), stale('a3'), stale('b1')))).toEqual(['cordon a1']);
  expect(decide(fleetOf(draining('a1'), stale('a2'), stale('a3'), stale('b1')))).toEqual([
    'hold a1: 2 calls left',
  ]);
  expect(decide(fleetOf(empty('a1'), empty('a2'), stale('a3'), stale('b1')))).toEqual([
    'replace a1',
    'hold a2: it is empty, and waits for the first relay of the new image',
  ]);
  expect(decide(fleetOf(joining('a1'), stale('a2'), stale('b1')))).toEqual(['admit a1']);
});

test('the others wait until it has been watched for long enough, and on enough calls', () => {
  const young = fleetOf(served(serving('a1'), 100), stale('a2'), stale('b1'));
  const until = new Date(NOW + 200_000).toISOString();
  expect(decide(young)).toEqual([`hold a1: the first relay of the new image is watched until ${until}`]);
  const old = fleetOf(served(serving('a1'), 300, { ended: 9 }), stale('a2'), stale('b1'));
  expect(decide(old)).toEqual(['cordon a2']);
  expect(decide(old, { bakeCalls: 10 })).toEqual([
    'hold a1: the first relay of the new image is watched until 10 calls have ended on it',
  ]);
  const [cordon] = plan(old, policy, NOW);
  expect(cordon?.because).toContain('a1 did well on the new image: 9 calls ended, 0 without media');
});

test.each<[string, Partial<Tally>, number]>([
  ['its RTPEngine restarted 1 time', {}, 1],
  ['5 calls lost their media, in 50 calls; elsewhere 1.0%', { ended: 50, timedOut: 5 }, 0],
  ['6 streams were one-way, in 50 calls; elsewhere 0.0%', { ended: 50, oneWay: 6 }, 0],
  ['90 packets did not arrive, in 2000 packets; elsewhere 0.1%', { packets: 2000, packetsLost: 90 }, 0],
  ['60 packets were not relayed, in 2000 packets; elsewhere 0.0%', { packets: 2000, packetErrors: 60 }, 0],
])('it stops the rollout: %s', (flaw, tally, restarts) => {
  const peer = { ended: 100, timedOut: 1, packets: 10_000, packetsLost: 10 };
  const canary = served(serving('a1'), 100, tally, restarts);
  const fleet = fleetOf(canary, served(stale('a2'), 100, peer), served(stale('b1'), 100, { ended: 1 }));
  expect(decide(fleet)).toEqual([
    `halt a1: a1, the first relay of the new image, does worse than its neighbours: ${flaw}`,
  ]);
  expect(plan(fleet, policy, NOW)[0]).toMatchObject({ hint: expect.stringContaining('rollout rollback') });
});

test('a first relay that its group makes anew while it takes calls stops the rollout at once; later ones do not', () => {
  const halt = expect.stringMatching(/^halt a1: a1, the first relay .* was made anew by its group/);
  const gone = replacing('a1', { onTarget: true, remade: 1 });
  expect(decide(fleetOf(gone, stale('a2'), stale('b1')))).toEqual([halt]);
  const back = served(serving('a1', { remade: 1 }), 1);
  expect(decide(fleetOf(back, stale('a2'), stale('b1')))).toEqual([halt]);
  expect(decide(fleetOf(back, served(serving('a2'), 1), stale('b1')))).toEqual(['cordon b1']);
  expect(decide(fleetOf(back, stale('b1')), { bakeSeconds: 0 })).toEqual(['cordon b1']);
});

test('what its neighbours suffer as well, or one bad call, does not stop it', () => {
  const bad = { ended: 50, timedOut: 5, packets: 2000, packetsLost: 90 };
  const few = { ended: 4, timedOut: 2, packets: 500, packetsLost: 100 };
  for (const [own, peer] of [
    [bad, bad],
    [few, NONE],
  ] as const) {
    const fleet = fleetOf(served(serving('a1'), 100, own), served(stale('a2'), 100, peer), stale('b1'));
    expect(decide(fleet)[0]).toMatch(/^hold a1/);
  }
});

test('without a neighbour in its zone it is compared with the other zones', () => {
  const bad = { ended: 50, timedOut: 5 };
  const fleet = fleetOf(served(serving('a1'), 100, bad), served(stale('b1'), 100, bad), stale('c1'));
  expect(decide(fleet)[0]).toMatch(/^hold a1/);
});

test('once two relays serve the new image there is no canary any more', () => {
  const fleet = fleetOf(served(serving('a1'), 1), served(serving('a2'), 1), stale('b1'), stale('b2'));
  expect(decide(fleet)).toEqual(['cordon b1', 'cordon b2']);
});

test('while it does not answer no second relay goes to the new image, and a run ends held once that lasts', () => {
  const gone = serving('a1', { looks: [SILENCE, SILENCE, SILENCE], silentSince: NOW - 10_000 });
  const fleet = (silentSince: number) =>
    fleetOf({ ...gone, silentSince }, stale('a2'), empty('a3'), stale('b1'));
  expect(decide(fleet(NOW - 10_000)).filter((said) => !said.startsWith('hold'))).toEqual([]);
  expect(decide(fleet(NOW - 10_000))).toContain(
    'hold undefined: a1, the first relay of the new image, is not known to take calls',
  );
  const alone = (silentSince: number) => plan(fleetOf({ ...gone, silentSince }, stale('b1')), policy, NOW);
  expect(endOf(alone(NOW - 10_000))).toBeUndefined();
  expect(endOf(alone(NOW - 200_000))).toBe('held');
});

test('a plan counts the time of the canary', () => {
  const fleet = fleetOf(stale('a1'), stale('b1'), stale('c1'));
  const assume = { drainMs: () => 60_000, replaceMs: 30_000 };
  const without = preview(fleet, { ...policy, bakeSeconds: 0 }, assume, NOW);
  const baked = preview(fleet, policy, assume, NOW);
  expect(baked.result).toBe('done');
  expect(Math.abs(baked.ms - without.ms - 300_000)).toBeLessThan(5_000);
});
