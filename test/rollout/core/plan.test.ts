import { expect, test } from 'vitest';
import type { Action } from '../../../rollout/core/actions.ts';
import type { Fleet, Relay } from '../../../rollout/core/fleet.ts';
import { endOf, plan } from '../../../rollout/core/plan.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import {
  answer,
  cordonOf,
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

/** `cordon a1`, `hold a1: reason`, … */
function decide(fleet: Fleet, over: Partial<Policy> = {}): readonly string[] {
  return plan(fleet, { ...POLICY, ...over }, NOW).map(line);
}

function line(action: Action): string {
  const who = action.relay === undefined ? '' : ` ${action.relay.name}`;
  if (action.kind === 'hold') return `hold${who}${action.overdue ? ' (overdue)' : ''}: ${action.because}`;
  return `${action.kind}${who}`;
}

const away = (relay: Relay): Relay => ({
  ...relay,
  looks: [SILENCE, SILENCE, SILENCE],
  silentSince: NOW - 2_000,
});

test('a fleet that serves the wanted image is done', () => {
  const fleet = fleetOf(serving('a1'), serving('b1'));
  expect(decide(fleet)).toEqual([]);
  expect(endOf(plan(fleet, POLICY, NOW))).toBe('done');
});

test('the first relay is cordoned in the first zone of the fleet file', () => {
  expect(decide(fleetOf(stale('c1'), stale('a1'), stale('b1')))).toEqual(['cordon c1']);
});

test('a relay that takes no calls anyway comes before all others, wherever it is: it is away already', () => {
  // Made and not yet admitted when a rollback made its image the old one.
  const made = stale('b1', { awaitsController: true, looks: thrice({ limit: 0 }) });
  expect(decide(fleetOf(stale('a1'), stale('a2'), made, stale('b2')))).toEqual(['cordon b1']);
});

test('inside a zone the relay with the fewest calls is cordoned first', () => {
  const fleet = fleetOf(stale('a1'), stale('a2', { looks: thrice({ own: 1, foreign: 1 }) }), stale('b1'));
  expect(decide(fleet)).toEqual(['cordon a2']);
});

test('the budget counts what is cordoned, replaced or joining', () => {
  for (const busy of [draining('a1'), replacing('a1'), joining('a1', { report: undefined })])
    expect(decide(fleetOf(busy, stale('a2'), stale('a3')))).toEqual([expect.stringMatching(/^hold a1/)]);
});

test('the budget counts a relay that does not answer', () => {
  const fleet = fleetOf(away(serving('a1')), stale('b1'), stale('b2'));
  expect(decide(fleet)).toEqual([
    'hold a1: it does not answer: no answer to statistics',
    'hold: a1 is away, and no more than 1 may be',
  ]);
  expect(decide(fleet, { maxUnavailable: 2 })).toContain('cordon b1');
});

test('one missed answer already counts against the budget', () => {
  const missed = serving('a1', { looks: [...thrice().slice(1), SILENCE], silentSince: NOW });
  expect(decide(fleetOf(missed, stale('b1'), stale('b2')))).not.toContain('cordon b1');
});

test('while two zones are under way no further relay is cordoned in either', () => {
  const fleet = fleetOf(draining('a1'), stale('a2'), draining('b1'), stale('b2'), stale('b3'));
  expect(decide(fleet, { maxUnavailable: 4 })).toEqual(['hold a1: 2 calls left', 'hold b1: 2 calls left']);
});

test('with a larger budget several relays of one zone drain at once, and none of another zone', () => {
  const fleet = fleetOf(stale('a1'), stale('a2'), stale('b1'), stale('b2'));
  expect(decide(fleet, { maxUnavailable: 3 })).toEqual(['cordon a1', 'cordon a2']);
  expect(decide(fleetOf(draining('a1'), stale('b1'), stale('b2')), { maxUnavailable: 3 })).toEqual([
    'hold a1: 2 calls left',
  ]);
});

test('the last relay that takes calls is never cordoned', () => {
  const alone = fleetOf(stale('a1'));
  expect(decide(alone)).toEqual(['hold (overdue): the last relay that takes calls is never cordoned']);
  expect(endOf(plan(alone, POLICY, NOW))).toBe('held');
  expect(decide(fleetOf(stale('a1'), stale('a2')), { maxUnavailable: 5 })).toEqual(['cordon a1']);
});

test('an empty relay is replaced, a relay with calls waits and says why', () => {
  expect(decide(fleetOf(empty('a1'), stale('b1')))).toEqual(['replace a1']);
  expect(decide(fleetOf(draining('a1'), stale('b1')))).toEqual(['hold a1: 2 calls left']);
});

test('a draining relay that does not answer is not empty', () => {
  const fleet = fleetOf(away(empty('a1')), stale('b1'));
  expect(decide(fleet)).toEqual(['hold a1: it does not answer: no answer to statistics']);
});

test('a draining relay that takes calls again is cordoned again', () => {
  expect(decide(fleetOf(draining('a1', { looks: thrice({ own: 3 }) }), stale('b1')))).toEqual([
    'reassert a1',
  ]);
});

test('calls without a party are removed from a draining relay', () => {
  const zombie = draining('a1', { looks: thrice({ limit: 0, own: 1 }), emptyCalls: ['x'] });
  expect(decide(fleetOf(zombie, stale('b1')))).toEqual(['remove-empty-calls a1']);
});

test('a drain beyond its deadline is held, never forced', () => {
  const fleet = fleetOf(draining('a1', { cordon: cordonOf({ at: NOW - 601_000 }) }), stale('b1'));
  expect(decide(fleet)).toEqual(['hold a1 (overdue): 2 calls left after the 600 s that a drain may take']);
  expect(endOf(plan(fleet, POLICY, NOW))).toBe('held');
  expect(decide(fleet, { drainSeconds: 0 })).toEqual(['hold a1: 2 calls left']);
});

test('a drain beyond its deadline that has just ended is replaced once it is proven', () => {
  const late = cordonOf({ at: NOW - 601_000 });
  const begun = fleetOf(empty('a1', { cordon: late, looks: [answer({ limit: 0 })] }), stale('b1'));
  expect(decide(begun)).toEqual(['hold a1: 1 of 3 answers without a call']);
  expect(decide(fleetOf(empty('a1', { cordon: late }), stale('b1')))).toEqual(['replace a1']);
});

test('a relay whose image is wanted again gets its calls back', () => {
  expect(decide(fleetOf(draining('a1', { onTarget: true }), serving('b1')))).toEqual(['uncordon a1']);
});

test('a draining relay takes calls again when no other one does', () => {
  expect(decide(fleetOf(draining('a1'), away(stale('b1'))))[0]).toBe('uncordon a1');
  const oneMiss = stale('b1', { looks: [...thrice().slice(1), SILENCE], silentSince: NOW });
  expect(decide(fleetOf(draining('a1'), oneMiss))[0]).toBe('hold a1: 2 calls left');
});

test('a relay that joins is admitted once it answers, is healthy and runs the expected version', () => {
  expect(decide(fleetOf(joining('a1'), stale('b1')))).toEqual(['admit a1']);
  const cases: readonly (readonly [Partial<Relay>, string])[] = [
    [{ looks: [SILENCE], silentSince: NOW }, 'it does not answer yet'],
    [{ report: undefined }, 'it has not reported its health yet'],
    [
      { report: { version: 'mr12.5.1.31', health: { ok: false, failed: ['sysctl'] } } },
      'its own check fails: sysctl',
    ],
    [
      {
        report: {
          version: 'mr12.5.1.31',
          health: { ok: true, failed: [] },
          tuning: { ok: false, failed: ['rmem_max is 1'] },
        },
      },
      'its tuning is not in force: rmem_max is 1',
    ],
    [
      { report: { version: 'mr10.5.3.5', health: { ok: true, failed: [] } } },
      'it runs mr10.5.3.5, but its image should hold mr12.5.1.31',
    ],
  ];
  for (const [over, reason] of cases)
    expect(decide(fleetOf(joining('a1', over), stale('b1')))).toEqual([`hold a1: ${reason}`]);
});

test('a relay that does not pass its gate in time halts the run, and nothing else is done', () => {
  const old = { state: 'ready', detail: 'NONE RUNNING', createdAt: NOW - 121_000 } as const;
  const failing = joining('a1', {
    vm: old,
    report: { version: 'mr12.5.1.31', health: { ok: false, failed: ['ng'] } },
  });
  expect(decide(fleetOf(failing, draining('a2'), stale('b1')), { maxUnavailable: 3 })).toEqual(['halt a1']);
  const probed = joining('a1', {
    vm: old,
    failure: { action: 'admit', at: NOW, next: 'retry', message: 'of 10 packets each way 0 arrived' },
  });
  expect(plan(fleetOf(probed, stale('b1')), POLICY, NOW)).toMatchObject([
    { kind: 'halt', because: expect.stringContaining('of 10 packets each way 0 arrived') },
  ]);
});

test('after its deadline a relay that is good at last is still admitted', () => {
  const old = { state: 'ready', detail: 'NONE RUNNING', createdAt: NOW - 121_000 } as const;
  expect(decide(fleetOf(joining('a1', { vm: old }), stale('b1')))).toEqual(['admit a1']);
});

test('a group that never finishes a relay halts the run', () => {
  expect(decide(fleetOf(replacing('a1'), stale('b1')))).toEqual([
    'hold a1: its group is busy with it (RECREATING STAGING)',
  ]);
  expect(decide(fleetOf(replacing('a1', { changingSince: NOW - 121_000 }), stale('b1')))).toEqual([
    'halt a1',
  ]);
});

test('a relay that its group made by itself admits itself; if it never does, it is admitted', () => {
  const fresh = joining('a1', { awaitsController: false, report: undefined });
  expect(decide(fleetOf(fresh, serving('b1')))).toEqual([
    'hold a1: it is new and takes calls once its own check is good',
  ]);
  const forgotten = joining('a1', {
    awaitsController: false,
    vm: { state: 'ready', detail: 'NONE RUNNING', createdAt: NOW - 121_000 },
  });
  expect(decide(fleetOf(forgotten, serving('b1')))).toEqual(['admit a1']);
});

test('a relay that was admitted by a killed run is released', () => {
  const fleet = fleetOf(joining('a1', { looks: thrice({ own: 3 }) }), serving('b1'));
  expect(decide(fleet)).toEqual(['release a1']);
});

test('a relay cordoned by hand on the wanted image is left alone and counts as away', () => {
  const parked = serving('a1', { cordon: cordonOf({ by: 'hand-ann' }), looks: thrice({ limit: 0 }) });
  expect(decide(fleetOf(parked, serving('b1')))).toEqual([]);
  const fleet = fleetOf(parked, stale('b1'), stale('b2'));
  expect(decide(fleet)).toEqual(['hold (overdue): a1 is away, and no more than 1 may be']);
});

test('a relay that takes no calls anyway is taken first, whatever the budget', () => {
  const shut = stale('a2', { looks: thrice({ limit: 0, own: 9 }) });
  expect(decide(fleetOf(stale('a1'), shut, stale('b1')))).toEqual(['cordon a2']);
});

test('without --drain a run refuses while calls are up or may be', () => {
  expect(plan(fleetOf(stale('a1'), stale('b1')), { ...POLICY, drain: false }, NOW)).toMatchObject([
    { kind: 'halt', because: '10 calls on 2 relays that would be replaced' },
  ]);
  expect(decide(fleetOf(away(stale('a1')), serving('b1')), { drain: false })).toEqual(['halt']);
  const lately = stale('a1', { looks: [answer({ own: 0 }), SILENCE], silentSince: NOW });
  expect(decide(fleetOf(lately, serving('b1')), { drain: false })).toEqual(['halt']);
  const idle = { looks: thrice({ own: 0 }) };
  expect(decide(fleetOf(stale('a1', idle), stale('b1', idle)), { drain: false })).toEqual(['cordon a1']);
});

test('a cordon that cannot work holds its relay and lets the run end', () => {
  const failure = { action: 'cordon', at: NOW, next: 'hold', message: 'reads back 7' } as const;
  const fleet = fleetOf(stale('a1', { failure }), serving('b1'));
  expect(decide(fleet)).toEqual(['hold a1 (overdue): cordon failed: reads back 7']);
});

test('a relay that is to be left alone is neither cordoned nor replaced, and does not hold up the next zone', () => {
  const leave = { kind: 'hold', by: 'ann', reason: 'a-trunk' } as const;
  const skip = { ...leave, kind: 'skip' } as const;
  expect(decide(fleetOf(stale('a1', { leave }), stale('b1'), stale('c1')))).toEqual([
    'hold a1 (overdue): left alone (hold by ann: a trunk)',
    'cordon b1',
  ]);
  expect(decide(fleetOf(stale('a1', { leave: skip }), serving('b1')))).toEqual([]);
  const cordoned = fleetOf(empty('a1', { leave: skip }), stale('b1'), stale('c1'));
  expect(decide(cordoned)).toEqual([
    'hold a1 (overdue): left alone (skip by ann: a trunk), and it stays cordoned',
    'hold (overdue): a1 is away, and no more than 1 may be',
  ]);
  expect(decide(cordoned, { maxUnavailable: 2 })).toContain('cordon b1');
  expect(decide(fleetOf(stale('a1', { leave: skip }), serving('b1')), { drain: false })).toEqual([]);
});
