import { expect, test } from 'vitest';
import { createLedger } from '../../lab/calls/ledger.ts';
import type { CallEndedLine } from '../../rollout/report/call-lines.ts';

const COUNTS = { sent: 100, received: 100, duplicates: 0, late: 0, stray: 0, sendErrors: 0 };
const WHEEL = { stalls: 0, longestStallMs: 0 };

function callEnded(changes: Partial<CallEndedLine> = {}): CallEndedLine {
  return {
    ...{
      kind: 'call-ended',
      at: '',
      id: 'c',
      relay: 'r1',
      startedAt: '',
      seconds: 2,
      diverted: [],
      reInvites: 0,
    },
    ...{ aToB: COUNTS, bToA: COUNTS, lost: 0, outcome: 'ok' },
    ...changes,
  };
}

test('the summary adds up both directions of every call', () => {
  const ledger = createLedger(['r1', 'r2']);
  ledger.ended(callEnded());
  ledger.ended(callEnded({ bToA: { ...COUNTS, received: 97 }, lost: 3, reInvites: 1 }));
  ledger.ended(callEnded({ outcome: 'cut', reason: 'no relay took it' }));
  ledger.ended(callEnded({ diverted: [{ relay: 'r2', because: 'load-limit' }] }));
  expect(ledger.summary('', WHEEL)).toMatchObject({
    ...{ calls: 4, cut: 1, packetsSent: 800, packetsLost: 3, reInvites: 1, diverted: 1 },
  });
});

test('fewest at once is counted between ramp-up and stop only', () => {
  const ledger = createLedger(['r1', 'r2']);
  const quiet = [ledger.talking('r1'), ledger.talking('r1'), ledger.talking('r2')];
  ledger.rampedUp();
  quiet[0]?.();
  expect(ledger.second('').relays).toEqual({ r1: 1, r2: 1 });
  quiet.push(ledger.talking('r2'));
  ledger.stopped();
  quiet[1]?.();
  expect(ledger.summary('', WHEEL)).toMatchObject({ leastAtOnce: 2, mostAtOnce: 3 });
});

test('a caller that never ramped up says nothing about the fewest at once', () => {
  expect(createLedger(['r1']).summary('', WHEEL)).not.toHaveProperty('leastAtOnce');
});
