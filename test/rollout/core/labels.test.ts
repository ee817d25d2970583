import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  byHand,
  cordonLabels,
  isByHand,
  leaveLabels,
  leaveOf,
  leaveWords,
  readCordon,
  readLeave,
} from '../../../rollout/core/labels.ts';

test('a cordon survives its way through labels, and every value is one that GCE takes', () => {
  const settings = fc.record({
    limit: fc.oneof(fc.constant(-1), fc.nat(1_000_000)),
    deleteDelay: fc.oneof(fc.constant('unknown' as const), fc.nat(300)),
  });
  const cordons = fc.record({
    at: fc.nat(4_000_000_000).map((s) => s * 1000),
    by: fc.constant('r20260811-101502-3fa9'),
    before: settings,
  });
  fc.assert(
    fc.property(cordons, (cordon) => {
      const labels = cordonLabels(cordon);
      expect(readCordon(labels)).toEqual(cordon);
      for (const value of Object.values(labels)) expect(value).toMatch(/^[a-z0-9_-]{0,63}$/);
    }),
  );
});

test('whoever cordons by hand is told from a rollout', () => {
  const by = byHand('Ann O’Hara@host.example');
  expect(by).toMatch(/^hand-[a-z0-9_-]+$/);
  expect(isByHand({ at: 0, by, before: { limit: -1, deleteDelay: 0 } })).toBe(true);
  expect(isByHand({ at: 0, by: 'r2026', before: { limit: -1, deleteDelay: 0 } })).toBe(false);
});

test('who wants a relay left alone, and why, survives its labels', () => {
  const leave = leaveOf('skip', 'ann@host', 'A trunk is tested!');
  const labels = leaveLabels(leave);
  for (const value of Object.values(labels)) expect(value).toMatch(/^[a-z0-9_-]{0,63}$/);
  expect(readLeave(labels)).toEqual(leave);
  expect(leaveWords(leave)).toBe('skip by ann-host: a trunk is tested');
  expect(readLeave({})).toBeUndefined();
  expect(readLeave({ 'rtpfleet-leave': 'oops' })).toEqual({ kind: 'hold', by: 'unknown', reason: '' });
});
