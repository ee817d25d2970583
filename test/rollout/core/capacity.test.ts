import { expect, test } from 'vitest';
import { capacityOf, capacityWords } from '../../../rollout/core/capacity.ts';
import type { Fleet } from '../../../rollout/core/fleet.ts';
import { endOf, plan, standingsOf } from '../../../rollout/core/plan.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import { draining, empty, fleetOf, NOW, POLICY, SILENCE, stale, thrice } from '../support/fleets.ts';

const policy: Policy = { ...POLICY, relayCalls: 100, reserve: 'relay' };
const withCalls = (own: number) => ({ looks: thrice({ own }) });
const drained = (own: number) => ({ looks: thrice({ limit: 0, own }) });

function decide(fleet: Fleet, over: Partial<Policy> = {}): readonly string[] {
  return plan(fleet, { ...policy, ...over }, NOW).map(({ kind, relay, because }) =>
    kind === 'hold' ? `hold: ${because}` : `${kind} ${relay?.name}`,
  );
}

test('a relay is cordoned only if the others carry the load, and one of them fewer too', () => {
  const fleet = (calls: number) =>
    fleetOf(stale('a1', withCalls(calls)), stale('b1', withCalls(calls)), stale('c1', withCalls(calls)));
  expect(decide(fleet(30))).toEqual(['cordon a1']);
  expect(decide(fleet(31))).toEqual([
    'hold: the others could not carry the load: without a1, 2 relays carry 200 calls, 100 without one more relay; 93 are up',
  ]);
  expect(decide(fleet(31), { reserve: 'none' })).toEqual(['cordon a1']);
});

test('a load that may fall is waited for; what no load would allow is held', () => {
  const busy = fleetOf(stale('a1', withCalls(90)), stale('b1'), stale('c1'));
  expect(endOf(plan(busy, policy, NOW))).toBe(undefined);
  const two = fleetOf(stale('a1', withCalls(0)), stale('b1', withCalls(0)));
  expect(endOf(plan(two, policy, NOW))).toBe('held');
});

test('the reserve of a zone is its largest one', () => {
  const small = withCalls(8);
  const fleet = fleetOf(stale('a1', small), stale('b1', small), stale('b2', small), stale('b3', small));
  expect(decide(fleet, { reserve: 'zone' })[0]).toContain(
    '3 relays carry 300 calls, 0 without one more zone',
  );
  expect(decide(fleetOf(...fleet.relays, stale('c1', small)), { reserve: 'zone' })).toEqual(['cordon a1']);
});

test('when the load rises draining relays take calls again, the fullest first, and no more than needed', () => {
  const busy = withCalls(90);
  const fleet = fleetOf(
    draining('a1', drained(2)),
    draining('a2', drained(40)),
    empty('a3'),
    stale('b1', busy),
    stale('b2', busy),
  );
  const decided = decide(fleet, { reserve: 'none', maxUnavailable: 3 });
  expect(decided).toEqual(['hold: 2 calls left', 'uncordon a2', 'replace a3']);
  const worse = decide(fleet, { reserve: 'relay', maxUnavailable: 3 });
  expect(worse).toEqual(['uncordon a1', 'uncordon a2', 'replace a3']);
  const [, back] = plan(fleet, { ...policy, reserve: 'none', maxUnavailable: 3 }, NOW);
  expect(back?.because).toBe('the load rose: 2 relays carry 200 calls; 222 are up, 40 calls on it');
});

test('one missed answer brings no relay back', () => {
  const missed = stale('b1', { looks: [...thrice({ own: 90 }).slice(1), SILENCE], silentSince: NOW });
  const fleet = fleetOf(draining('a1', drained(2)), missed, stale('c1', withCalls(5)));
  expect(decide(fleet, { reserve: 'none' })[0]).toBe('hold: 2 calls left');
});

test('a relay that says nothing of its calls is counted as full, and its own session limit is believed', () => {
  const silent = stale('a1', { looks: [SILENCE, SILENCE, SILENCE], silentSince: NOW });
  const limited = stale('b1', { looks: thrice({ own: 5, limit: 40 }) });
  const capacity = capacityOf(standingsOf(fleetOf(silent, limited, stale('c1')), policy), policy);
  expect(capacity).toEqual({ relays: 2, carry: 140, loss: 100, load: 110, guessed: 1 });
  expect(capacityWords(capacity, policy)).toBe(
    '2 relays carry 140 calls, 40 without one more relay; 110 are up, with 1 that do not answer counted as full',
  );
});

test('further relays of the zone drain meanwhile, and no more are replaced at once than may be away', () => {
  const fleet = fleetOf(stale('a1'), stale('a2'), stale('a3'), stale('b1'), stale('b2'));
  expect(decide(fleet, { preCordon: 1 })).toEqual(['cordon a1', 'cordon a2']);
  const ended = fleetOf(empty('a1'), empty('a2'), stale('a3'), stale('b1'), stale('b2'));
  expect(decide(ended, { preCordon: 1 })).toEqual([
    'replace a1',
    'hold: it is empty, and waits: no more than 1 may be replaced at once',
  ]);
});

test('a share of the fleet is rounded down, and at least one', () => {
  const relays = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => stale(name));
  expect(decide(fleetOf(...relays), { maxUnavailable: '40%' })).toEqual(['cordon a1', 'cordon a2']);
  expect(decide(fleetOf(...relays), { maxUnavailable: '10%' })).toEqual(['cordon a1']);
});
