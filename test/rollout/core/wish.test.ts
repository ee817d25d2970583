import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Action } from '../../../rollout/core/actions.ts';
import { plan, standingsOf } from '../../../rollout/core/plan.ts';
import { newest, parseWish, restoring, underPause, type Wish, weigh } from '../../../rollout/core/wish.ts';
import {
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

const PAUSE: Wish = { run: 'r1', kind: 'pause', uncordon: false, by: 'ann@host', at: NOW };
const ABORT: Wish = { ...PAUSE, kind: 'abort', uncordon: true };

const line = ({ kind, relay }: Action) => `${kind} ${relay?.name ?? 'fleet'}`;

test('a wish is for one run; damaged text is none', () => {
  for (const kind of ['pause', 'resume', 'abort'] as const)
    expect(parseWish(JSON.stringify({ ...PAUSE, kind }), 'r1')).toEqual({ ...PAUSE, kind });
  for (const text of [undefined, '', '{', 'null', '[]', '{"run":"r1","kind":"stop","by":"x","at":1}'])
    expect(parseWish(text, 'r1')).toBeUndefined();
  expect(parseWish(JSON.stringify(PAUSE), 'r2')).toBeUndefined();
  expect(newest([undefined, PAUSE, { ...ABORT, at: NOW - 1 }])).toBe(PAUSE);
  expect(newest([])).toBeUndefined();
});

test('asking twice changes nothing, and nothing undoes an abort', () => {
  expect(weigh(undefined, PAUSE)).toBe('new');
  expect(weigh(PAUSE, PAUSE)).toBe('same');
  expect(weigh(undefined, { kind: 'resume', uncordon: false })).toBe('same');
  expect(weigh(PAUSE, { kind: 'resume', uncordon: false })).toBe('new');
  expect(weigh(PAUSE, ABORT)).toBe('new');
  expect(weigh(ABORT, PAUSE)).toBe('ending');
  expect(weigh(ABORT, ABORT)).toBe('same');
  expect(weigh({ ...ABORT, uncordon: false }, ABORT)).toBe('new');
});

test('a pause begins nothing, says what it would have begun, and lets go on what is in hand', () => {
  const idle = plan(fleetOf(stale('a1'), stale('b1')), POLICY, NOW);
  expect(underPause(idle, PAUSE)).toEqual([
    { kind: 'hold', because: 'paused by ann@host; next it would cordon a1', overdue: false },
  ]);
  const proven = plan(fleetOf(empty('a1'), stale('b1')), POLICY, NOW);
  expect(underPause(proven, PAUSE).map(line)).toEqual(['hold fleet']);
  const forgot = plan(fleetOf(draining('a1', { looks: thrice({ own: 3 }) }), stale('b1')), POLICY, NOW);
  expect(underPause(forgot, PAUSE).map(line)).toEqual(['reassert a1']);
  const come = plan(fleetOf(joining('a1'), stale('b1')), POLICY, NOW);
  expect(underPause(come, PAUSE).map(line)).toEqual(['admit a1']);
  expect(underPause([], PAUSE)).toEqual([]);
});

test('a pause never lets a relay be cordoned or replaced', () => {
  const kinds = [stale, draining, empty, serving, joining, replacing] as const;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 8 }), (told) => {
      const fleet = fleetOf(...told.map((kind, index) => kind(`a${index}`)));
      const actions = underPause(plan(fleet, { ...POLICY, maxUnavailable: 8 }, NOW), PAUSE);
      expect(actions.filter(({ kind }) => kind === 'cordon' || kind === 'replace')).toEqual([]);
    }),
  );
});

test('an abort that takes back gives drained relays their old settings, and touches no other', () => {
  const before = { limit: 400, deleteDelay: 30 };
  const fleet = fleetOf(
    draining('a1', { cordon: cordonOf({ before }) }),
    empty('a2'),
    draining('a3', { cordon: cordonOf({ by: 'hand-ann' }) }),
    draining('a4', { leave: { kind: 'hold', by: 'ann', reason: '' } }),
    replacing('a5'),
    joining('a6'),
    stale('a7'),
    serving('a8'),
  );
  const actions = restoring(fleet, standingsOf(fleet, POLICY), ABORT, POLICY, NOW);
  expect(actions.map(line)).toEqual(['uncordon a1', 'uncordon a2']);
  expect(actions[0]).toMatchObject({ settings: before, because: expect.stringContaining('ann@host') });
});

test('a drained relay that does not answer is waited for, then left; so is one that refuses', () => {
  const fleet = fleetOf(draining('a1', { looks: [SILENCE] }));
  const standings = standingsOf(fleet, POLICY);
  expect(restoring(fleet, standings, ABORT, POLICY, NOW)).toMatchObject([{ kind: 'hold', overdue: false }]);
  expect(restoring(fleet, standings, ABORT, POLICY, NOW + 121_000)).toMatchObject([
    { kind: 'hold', overdue: true },
  ]);
  const failure = { action: 'uncordon', at: NOW, next: 'hold', message: 'reads back 7' } as const;
  const refused = standingsOf(fleetOf(draining('a1', { failure })), POLICY);
  expect(restoring(fleet, refused, ABORT, POLICY, NOW)).toMatchObject([
    { kind: 'hold', overdue: true, because: 'uncordon failed: reads back 7' },
  ]);
});
