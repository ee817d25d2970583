import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Relay } from '../../../rollout/core/fleet.ts';
import { endOf, plan } from '../../../rollout/core/plan.ts';
import { preview } from '../../../rollout/core/preview.ts';
import { draining, fleetOf, NOW, POLICY, SILENCE, serving, stale } from '../support/fleets.ts';

const words = (share: number | string, ...relays: readonly Relay[]) =>
  plan(fleetOf(...relays), { ...POLICY, maxUnavailable: 3, share }, NOW).map(
    ({ kind, relay }) => `${kind} ${relay?.name ?? ''}`,
  );

test('a run of a share cordons no more relays than it was asked for, those that are on their way included', () => {
  const zone = [stale('a1'), stale('a2'), stale('a3'), stale('a4')];
  expect(words(2, ...zone)).toEqual(['cordon a1', 'cordon a2']);
  expect(words('50%', ...zone)).toEqual(['cordon a1', 'cordon a2']);
  expect(words('10%', ...zone)).toEqual(['cordon a1']);
  expect(words('50%', draining('a1'), ...zone.slice(1))).toEqual(['hold a1', 'cordon a2']);
  expect(words('50%', serving('a1'), draining('a2'), ...zone.slice(2))).toEqual(['hold a2']);
});

test('it is done once so many are on the new image, whatever the others do', () => {
  const silent = stale('b1', { looks: [SILENCE], silentSince: NOW - 3_600_000 });
  const actions = plan(fleetOf(serving('a1'), stale('a2'), silent), { ...POLICY, share: 1 }, NOW);
  expect(endOf(actions)).toBe('done');
  expect(words(2, serving('a1'), stale('a2'), silent)).toContain('hold b1');
});

test('what a person forces is done all the same', () => {
  expect(words(1, serving('a1'), draining('a2', { forcedBy: 'ann' }))).toEqual(['force a2']);
});

test('the first relay of a new image is watched to its end, and the share does not cut that short', () => {
  const policy = { ...POLICY, share: 1, bakeSeconds: 60 };
  const service = { since: NOW - 1_000, first: undefined, restarts: 0 };
  const actions = plan(fleetOf(serving('a1', { service }), stale('a2')), policy, NOW);
  expect(actions.map(({ because }) => because)).toEqual([
    expect.stringMatching(/^the first relay of the new image is watched until/),
  ]);
});

test('neither more nor less than the share is replaced', () => {
  const assume = { drainMs: () => 30_000, replaceMs: 20_000 };
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 99 }), (relays, percent) => {
      const fleet = fleetOf(...Array.from({ length: relays }, (_, at) => stale(`${'abc'[at % 3]}${at}`)));
      const policy = { ...POLICY, share: `${percent}%` };
      const { result, steps } = preview(fleet, policy, assume, NOW);
      expect(result).toBe('done');
      const replaced = steps.filter(({ action }) => action === 'replace').length;
      expect(replaced).toBe(Math.max(1, Math.floor((relays * percent) / 100)));
    }),
    { numRuns: 40 },
  );
});
