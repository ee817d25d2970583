import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTally } from '../../lab/calls/tally.ts';

const STREAM = { ssrc: 7, firstSequence: 65_500 };

function sequenceOf(number: number): number {
  return (STREAM.firstSequence + number) & 0xffff;
}

test('every packet that was sent is either received once or missing, whatever arrives in whatever order', () => {
  const arrivals = fc.array(fc.nat({ max: 299 }), { maxLength: 600 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), arrivals, (sent, numbers) => {
      const tally = createTally(STREAM);
      for (let count = 0; count < sent; count += 1) tally.sending(0);
      for (const number of numbers) tally.arrived({ ssrc: 7, sequence: sequenceOf(number) }, 1);
      const genuine = numbers.filter((number) => number < sent);
      const counts = tally.counts();
      expect(counts.received).toBe(new Set(genuine).size);
      expect(tally.missing()).toBe(sent - counts.received);
      expect(counts.duplicates).toBe(genuine.length - counts.received);
      expect(counts.stray).toBe(numbers.length - genuine.length);
    }),
  );
});

test('media of another call never makes up for a packet that is missing', () => {
  const tally = createTally(STREAM);
  tally.sending(0);
  tally.arrived({ ssrc: 8, sequence: sequenceOf(0) }, 1);
  expect(tally.missing()).toBe(1);
  expect(tally.counts()).toMatchObject({ received: 0, stray: 1 });
});

test('a packet that the system refused to send is sent, and missing', () => {
  const tally = createTally(STREAM);
  tally.sending(0);
  tally.sendFailed();
  expect(tally.counts()).toMatchObject({ sent: 1, received: 0, sendErrors: 1 });
  expect(tally.missing()).toBe(1);
});

test('a packet that arrives 200 ms after it was sent is late and not lost', () => {
  const tally = createTally(STREAM);
  tally.sending(1_000);
  tally.sending(1_020);
  tally.arrived({ ssrc: 7, sequence: sequenceOf(1) }, 1_199);
  tally.arrived({ ssrc: 7, sequence: sequenceOf(0) }, 1_200);
  expect(tally.counts()).toMatchObject({ received: 2, late: 1 });
  expect(tally.missing()).toBe(0);
});

test('a dead direction shows as a run of packets of which none arrives', () => {
  const tally = createTally(STREAM);
  for (let number = 0; number < 5; number += 1) tally.sending(0);
  tally.arrived({ ssrc: 7, sequence: sequenceOf(0) }, 1);
  expect(tally.unansweredRun()).toBe(0);
  for (let number = 0; number < 100; number += 1) tally.sending(0);
  expect(tally.unansweredRun()).toBe(100);
});
