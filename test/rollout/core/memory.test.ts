import { expect, test } from 'vitest';
import type { Look, Relay } from '../../../rollout/core/fleet.ts';
import { rememberRelay, type Sighting } from '../../../rollout/core/memory.ts';
import { answer, NOW, serving, stale } from '../support/fleets.ts';

const CHANGING = { state: 'changing', detail: 'RECREATING STAGING', createdAt: undefined } as const;
const READY = { state: 'ready', detail: 'NONE RUNNING', createdAt: NOW } as const;

/** What the cloud shows of a relay in one round. */
function seen(relay: Relay, over: Partial<Sighting> = {}): Sighting {
  const { looks: _, silentSince: __, changingSince: ___, service: ____, remade: _____, ...cloud } = relay;
  return { ...cloud, emptyCalls: [], ...over } as Sighting;
}

const after = (...rounds: readonly Sighting[]) =>
  rounds.reduce<Relay | undefined>((known, round) => rememberRelay(known, round, 3, NOW), undefined);

const look: Look = answer();

test('a VM that takes calls on the wanted image and is made anew is counted once, seen in between or not', () => {
  const serves = seen(serving('a1'), { look });
  const changes = seen(serving('a1'), { vm: CHANGING });
  const anew = seen(serving('a1', { id: '999' }), { vm: READY, look });
  expect(after(serves, serves)?.remade).toBeUndefined();
  expect(after(serves, changes, changes)?.remade).toBe(1);
  expect(after(serves, changes, anew, anew)?.remade).toBe(1);
  expect(after(serves, anew)?.remade).toBe(1);
  expect(after(serves, changes, anew, changes)?.remade).toBe(2);
});

test('what a rollout replaces, and a new VM that has not taken calls yet, is not', () => {
  const old = seen(stale('a1'), { look });
  const changes = seen(stale('a1'), { vm: CHANGING });
  const joins = seen(serving('a1', { id: '999' }), { look: answer({ limit: 0 }) });
  expect(after(old, changes, joins)?.remade).toBeUndefined();
  expect(after(joins, seen(serving('a1'), { vm: CHANGING }))?.remade).toBeUndefined();
});
