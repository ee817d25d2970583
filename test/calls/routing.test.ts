import { expect, test } from 'vitest';
import { createRouting } from '../../lab/calls/routing.ts';

test('new calls go to the relays in turn, and each call can ask all of them', () => {
  const routing = createRouting(3, 'turn');
  const orders = [1, 2, 3, 4].map((call) => routing.orderFor(`call ${call}`, 0));
  expect(orders).toEqual([
    [0, 1, 2],
    [1, 2, 0],
    [2, 0, 1],
    [0, 1, 2],
  ]);
});

test('by hash, the same Call-ID always starts at the same relay, and all relays get calls', () => {
  const routing = createRouting(3, 'hash');
  expect(routing.orderFor('x', 0)).toEqual(routing.orderFor('x', 0));
  const firsts = Array.from({ length: 50 }, (_, call) => routing.orderFor(`call ${call}`, 0)[0]);
  expect(new Set(firsts)).toEqual(new Set([0, 1, 2]));
});

test('a relay that was silent is asked last for a second, never left out, and then in turn again', () => {
  const routing = createRouting(3, 'turn');
  routing.wasSilent(0, 10_000);
  expect(routing.orderFor('a', 10_500)).toEqual([1, 2, 0]);
  routing.orderFor('b', 10_500);
  routing.orderFor('c', 10_500);
  expect(routing.orderFor('d', 11_000)).toEqual([0, 1, 2]);
});

test('a silent relay that answers is no longer silent', () => {
  const routing = createRouting(2, 'turn');
  routing.wasSilent(0, 0);
  routing.answered(0);
  expect(routing.orderFor('a', 1)).toEqual([0, 1]);
});
