import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Answer, Look } from '../../../rollout/core/fleet.ts';
import { deleteGuard } from '../../../rollout/core/guard.ts';
import { answer, empty, NOW, SILENCE, stale, thrice } from '../support/fleets.ts';

const good = thrice({ limit: 0 });

test('three good answers newer than the cordon are proof', () => {
  expect(deleteGuard(empty('a1'), 3).kind).toBe('empty');
});

test.each<readonly [string, readonly Look[]]>([
  ['it does not answer: no answer to statistics', [...good.slice(1), SILENCE]],
  ['it takes calls', thrice()],
  ['1 call left', thrice({ limit: 0, own: 1 })],
  ['2 calls left, 2 of them taken over from another relay', thrice({ limit: 0, foreign: 2 })],
  ['it still relays 50 packets a second', thrice({ limit: 0, packetRate: 50 })],
  ['media flows on 1 of its streams', thrice({ limit: 0, media: 1 })],
  ['its last answers are older than its cordon', thrice({ limit: 0, at: NOW - 60_000 })],
  ['it restarted between two answers', [...good.slice(1), answer({ limit: 0, uptime: 2 })]],
  ['2 of 3 answers without a call', good.slice(1)],
])('kept: %s', (because, looks) => {
  expect(deleteGuard(empty('a1', { looks }), 3)).toEqual({ kind: 'keep', because });
});

test('kept: not cordoned, no VM, or a VM that its group is changing', () => {
  expect(deleteGuard(stale('a1', { looks: good }), 3).kind).toBe('keep');
  expect(deleteGuard(empty('a1', { id: undefined }), 3).kind).toBe('keep');
  const vm = { state: 'changing', detail: 'DELETING STOPPING', createdAt: undefined } as const;
  expect(deleteGuard(empty('a1', { vm }), 3).kind).toBe('keep');
});

test('never says empty unless every one of the last answers is flawless', () => {
  const look = fc.oneof(
    { weight: 1, arbitrary: fc.constant<Look>(SILENCE) },
    {
      weight: 6,
      arbitrary: fc
        .record({
          limit: fc.constantFrom(0, 0, 0, -1, 100),
          own: fc.constantFrom(0, 0, 0, 1),
          foreign: fc.constantFrom(0, 0, 0, 1),
          packetRate: fc.constantFrom(0, 0, 0, 7),
          media: fc.constantFrom(0, 0, 0, 2),
          at: fc.constantFrom(NOW, NOW, NOW, NOW - 90_000),
          uptime: fc.constantFrom(100, 100, 100, 5),
        })
        .map((fields): Look => answer(fields)),
    },
  );
  fc.assert(
    fc.property(fc.array(look, { maxLength: 8 }), fc.integer({ min: 2, max: 4 }), (looks, wanted) => {
      const relay = empty('a1', { looks });
      if (deleteGuard(relay, wanted).kind !== 'empty') return;
      const window = looks.slice(-wanted);
      expect(window).toHaveLength(wanted);
      for (const one of window) expect(isFlawless(one)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

function isFlawless(look: Look): boolean {
  const clean: Partial<Answer> = { limit: 0, own: 0, foreign: 0, packetRate: 0, media: 0 };
  return (
    look.kind === 'answer' &&
    look.at > NOW - 60_000 &&
    Object.entries(clean).every(([key, value]) => look[key as keyof Answer] === value)
  );
}
