import { describe, expect, test } from 'vitest';
import type { Fleet, Floating, Relay } from '../../../rollout/core/fleet.ts';
import { deleteGuard } from '../../../rollout/core/guard.ts';
import { plan } from '../../../rollout/core/plan.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
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

const policy: Policy = { ...POLICY, tail: 'hand-over', preCordon: 1 };
const READY = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];

/** `a1` has 10.0.0.1; at home unless told. */
function seat(name: string, over: Partial<Floating> = {}): { readonly floating: Floating } {
  return { floating: { address: `10.0.0.${name.slice(1)}`, at: name, carries: [], ready: READY, ...over } };
}

const yes = { movable: { kind: 'yes' } } as const;
const version = 'mr12.5.1.31';
const giver = (over: Partial<Relay> = {}) => draining('a1', { ...seat('a1'), ...yes, version, ...over });
const other = (name: string, over: Partial<Relay> = {}) => stale(name, { ...seat(name), version, ...over });

function lines(fleet: Fleet, one: Policy = policy): readonly string[] {
  return plan(fleet, one, NOW).map((action) => {
    const to = action.kind === 'hand-over' ? ` to ${action.to.name}` : '';
    const from = action.kind === 'give-back' ? ` from ${action.from.name}` : '';
    const why = action.kind === 'hold' ? `: ${action.because}` : '';
    return `${action.kind} ${action.relay?.name ?? ''}${to}${from}${why}`;
  });
}

const busy = (own: number) => ({ looks: thrice({ own, packetRate: 500, media: 20 }) });

describe('calls of a draining relay go on at', () => {
  test('the relay of its zone with the fewest calls', () => {
    const fleet = fleetOf(giver(), other('a2', busy(9)), other('a3', busy(4)));
    expect(lines(fleet)).toEqual(['hand-over a1 to a3']);
  });

  test('one of the wanted image rather, and one that takes no new calls anyway rather than one that does', () => {
    const onTarget = serving('a3', { ...seat('a3'), ...busy(9) });
    expect(lines(fleetOf(giver(), other('a2', busy(1)), onTarget))).toEqual(['hand-over a1 to a3']);
    const shut = draining('a3', { ...seat('a3'), version });
    expect(lines(fleetOf(giver(), other('a2', busy(1)), shut))[0]).toBe('hand-over a1 to a3');
  });
});

describe('they stay, and are waited for, when', () => {
  const waits = (fleet: Fleet, one?: Policy) => lines(fleet, one)[0];
  test.each<readonly [string, Partial<Relay>, RegExp]>([
    ['it is of another zone', { zone: 'b' }, /no other relay of its zone can/],
    ['it does not answer', { looks: [...thrice().slice(1), SILENCE] }, /can take them over/],
    ['one of its last looks was no answer', { looks: [SILENCE, ...thrice().slice(1)] }, /can take/],
    ['a person wants it left alone', { leave: { kind: 'hold', by: 'ann', reason: '' } }, /can take/],
    ['a person wants it replaced', { forcedBy: 'ann' }, /can take/],
    ['it has another address already', seat('a2', { carries: ['a3'] }), /can take/],
    ['its own address is elsewhere', seat('a2', { at: 'a3' }), /can take/],
    ['it was booted before this address', seat('a2', { ready: ['10.0.0.2'] }), /can take/],
    ['its RTPEngine cannot give them back', { version: 'mr13.4.1.10' }, /can take/],
    ['nobody tells its version', { version: undefined }, /can take/],
    ['it has no room for them', busy(999), /has room/],
  ])('%s', (_, over, why) => {
    const fleet = fleetOf(giver(), { ...other('a2'), ...over }, stale('b1'));
    expect(waits(fleet)).toMatch(why);
  });

  test('the budget, the reserve or the last relay that takes calls forbids it', () => {
    const fleet = fleetOf(giver(), other('a2'), other('a3'));
    expect(waits(fleet, { ...policy, preCordon: 0 })).toMatch(/no more relays may be away/);
    expect(waits(fleet, { ...policy, reserve: 'relay' })).toMatch(/no relay can be spared/);
    expect(waits(fleetOf(giver(), other('a2')))).toMatch(/the last relay that takes calls/);
    expect(waits(fleet, { ...policy, share: 1 })).toMatch(/as they are/);
  });

  test('some cannot move, it is not known, or it failed', () => {
    const pair = (over: Partial<Relay>) => fleetOf(giver(over), other('a2'), other('a3'));
    const tied = { movable: { kind: 'no', because: '1 call is recorded' } } as const;
    expect(waits(pair(tied))).toBe(
      'hold a1: 2 calls left; they cannot be handed over yet: 1 call is recorded',
    );
    const { movable: _, ...unasked } = giver();
    expect(waits(fleetOf(unasked, other('a2'), other('a3')))).toMatch(/being looked at/);
    const failure = { action: 'hand-over', at: NOW, next: 'hold', message: 'no restore' } as const;
    expect(waits(pair({ failure }))).toMatch(/cannot be handed over: no restore/);
  });

  test('the first relay of a new image is still watched', () => {
    const first = serving('a3', seat('a3'));
    const fleet = fleetOf(giver(), first, other('a2'));
    expect(lines(fleet, { ...policy, bakeSeconds: 600 }).join()).not.toContain('to a3');
  });
});

test('a relay that has another’s address is neither replaced nor forced nor takes calls, however empty it looks', () => {
  const carrier = empty('a2', { ...seat('a2', { carries: ['a1'] }), forcedBy: 'ann' });
  expect(deleteGuard(carrier, 3)).toEqual({ kind: 'keep', because: 'it has the address of a1' });
  const home = replacing('a1', seat('a1', { at: 'a2' }));
  expect(lines(fleetOf(home, carrier))).toEqual([
    expect.stringMatching(/^hold a1/),
    'hold a2: it has the address of a1, and the calls there',
  ]);
  const open = { ...carrier, looks: thrice({ limit: -1 }) };
  expect(lines(fleetOf(home, open))).toContain('reassert a2');
});

test('calls come home to the new relay once its gate is passed, and before it is admitted', () => {
  const carrier = draining('a2', { ...seat('a2', { carries: ['a1'] }), version });
  const home = joining('a1', seat('a1', { at: 'a2' }));
  const rest = other('a3');
  expect(lines(fleetOf(home, carrier, rest))).toContain('give-back a1 from a2');
  expect(lines(fleetOf({ ...home, report: undefined }, carrier, rest)).join()).not.toContain('give-back');
  const back = fleetOf(joining('a1', seat('a1')), draining('a2', { ...seat('a2'), version }), rest);
  expect(lines(back)).toContain('admit a1');
});

test('in a rollback they come home before a relay takes calls again', () => {
  const carrier = draining('a2', { ...seat('a2', { carries: ['a1'] }), version });
  const home = draining('a1', {
    ...seat('a1', { at: 'a2' }),
    onTarget: true,
    version,
    looks: thrice({ limit: 0 }),
  });
  expect(lines(fleetOf(home, carrier))).toContain('give-back a1 from a2');
});

test('an address cannot come home from a relay that is silent: that is told, and given up in the end', () => {
  const dead = draining('a2', {
    ...seat('a2', { carries: ['a1'] }),
    looks: [SILENCE],
    silentSince: NOW - 1_000_000,
  });
  const home = joining('a1', seat('a1', { at: 'a2' }));
  const actions = plan(fleetOf(home, dead), policy, NOW);
  expect(actions).toMatchObject([
    { kind: 'hold', overdue: true, because: expect.stringContaining('which does not answer') },
    { kind: 'hold', overdue: true },
  ]);
});

describe('what was begun', () => {
  const begun = { giver: 'a1', taker: 'a2', address: '10.0.0.1' };
  const taker = draining('a2', { ...seat('a2', { carries: ['a1'] }), version });
  const away = seat('a1', { at: 'a2' });

  test('is brought to its end, though the giver looks empty by now, before any other moves', () => {
    const gone = empty('a1', { ...away, version });
    const third = draining('a3', { ...seat('a3'), ...yes, version });
    const fleet = { ...fleetOf(gone, taker, third, stale('b1')), begun };
    expect(lines(fleet)).toEqual([
      'hand-over a1 to a2',
      expect.stringMatching(/^hold a2/),
      expect.stringMatching(/^hold a3/),
    ]);
    expect(plan(fleet, policy, NOW)[0]).toMatchObject({ resumes: true });
  });

  test('also where calls were on their way home', () => {
    const back = { giver: 'a2', taker: 'a1', address: '10.0.0.1' };
    const fleet = {
      ...fleetOf(joining('a1', seat('a1')), draining('a2', { ...seat('a2'), version })),
      begun: back,
    };
    expect(lines(fleet)).toEqual(['give-back a1 from a2', expect.stringMatching(/^hold a2/)]);
  });

  test('keeps all others where they are when nobody can tell who it is about', () => {
    for (const one of ['unknown', { ...begun, giver: 'x9' }] as const) {
      const fleet = { ...fleetOf(giver(), other('a2'), other('a3')), begun: one };
      expect(lines(fleet)[0]).toMatch(/^hold a1: it cannot be told where an earlier hand-over/);
    }
  });
});
