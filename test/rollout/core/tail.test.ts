/** What becomes of a drain that lasts: the tail policy, and a person's word. */
import { expect, test } from 'vitest';
import type { Relay } from '../../../rollout/core/fleet.ts';
import { cordonLabels, forceLabels, readCordon, readForce } from '../../../rollout/core/labels.ts';
import { plan } from '../../../rollout/core/plan.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import {
  answer,
  cordonOf,
  draining,
  empty,
  fleetOf,
  NOW,
  POLICY,
  SILENCE,
  stale,
  thrice,
} from '../support/fleets.ts';

const long = cordonOf({ at: NOW - 101_000 });

function decide(relay: Relay, over: Partial<Policy> = {}): string | undefined {
  const [action] = plan(fleetOf(relay, stale('b1')), { ...POLICY, tail: 'reap', ...over }, NOW);
  return action?.kind === 'hold'
    ? `hold${action.overdue ? ' (overdue)' : ''}: ${action.because}`
    : action?.kind;
}

test('wait never holds, hold does after its time, reap ends silent calls before that', () => {
  const late = cordonOf({ at: NOW - 601_000 });
  expect(decide(draining('a1', { cordon: late }), { tail: 'wait' })).toBe('hold: 2 calls left');
  expect(decide(draining('a1', { cordon: late }), { tail: 'hold' })).toMatch(/^hold \(overdue\)/);
  expect(decide(draining('a1', { cordon: late }))).toBe('reap');
});

test('silent calls are ended only after the time for it, on a relay that answers and has calls, once', () => {
  expect(decide(draining('a1', { cordon: cordonOf({ at: NOW - 99_000 }) }))).toBe('hold: 2 calls left');
  expect(decide(draining('a1', { cordon: long }))).toBe('reap');
  expect(decide(draining('a1', { cordon: long }), { tail: 'hold' })).toBe('hold: 2 calls left');
  expect(decide(empty('a1', { cordon: long }))).toBe('replace');
  const silent = { looks: [SILENCE, SILENCE, SILENCE], silentSince: NOW - 2_000 };
  expect(decide(draining('a1', { cordon: long, ...silent }))).toMatch(/^hold: it does not answer/);
  const done = { ...long, before: { ...long.before, timeouts: { silent: 3600, offer: 240 } } };
  expect(decide(draining('a1', { cordon: done }))).toBe('hold: 2 calls left');
  const failure = { action: 'reap', at: NOW, next: 'hold', message: 'reads back 7' } as const;
  expect(decide(draining('a1', { cordon: long, failure }))).toBe('hold: 2 calls left');
});

test('a run that takes over, or that failed to tell the relay, tells it again', () => {
  const done = { ...long, before: { ...long.before, timeouts: { silent: 3600, offer: 240 } } };
  const looks = [answer({ limit: 0, own: 2 })];
  expect(decide(draining('a1', { cordon: done, looks }))).toBe('reap');
  const failure = { action: 'reap', at: NOW, next: 'retry', message: 'no answer' } as const;
  expect(decide(draining('a1', { cordon: done, failure }))).toBe('reap');
});

test('the timeouts from before are on the VM, and come back when the relay takes calls again', () => {
  const before = { limit: -1, deleteDelay: 30, timeouts: { silent: 3600, offer: 240 } };
  const cordon = cordonOf({ before, at: NOW });
  expect(readCordon(cordonLabels(cordon))).toEqual(cordon);
  const again = draining('a1', { cordon, onTarget: true });
  const [action] = plan(fleetOf(again, stale('b1')), POLICY, NOW);
  expect(action).toMatchObject({ kind: 'uncordon', settings: before });
});

test('a person’s word replaces a draining relay with its calls, and nothing else does', () => {
  const forcedBy = 'ann-host';
  const [action] = plan(fleetOf(draining('a1', { forcedBy }), stale('b1')), POLICY, NOW);
  expect(action).toMatchObject({ kind: 'force', because: 'forced by ann-host, which cuts 2 calls' });
  expect(decide(stale('a1', { forcedBy }))).not.toBe('force');
  const silent = { looks: [SILENCE, SILENCE, SILENCE], silentSince: NOW - 2_000, forcedBy };
  expect(decide(stale('a1', silent))).toBe('force');
  expect(decide(draining('a1', { looks: thrice({ limit: 0, own: 2 }) }))).not.toBe('force');
  expect(readForce(forceLabels('Ann@Host'))).toBe('ann-host');
  expect(readForce({})).toBeUndefined();
});
