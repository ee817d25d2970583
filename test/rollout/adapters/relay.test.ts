import { expect, test } from 'vitest';
import type { RelayReading } from '../../../lib/relay/read.ts';
import { lookOf } from '../../../rollout/adapters/relay.ts';

const tally = {
  ended: 7,
  timedOut: 0,
  oneWay: 0,
  packets: 700,
  packetErrors: 0,
  packetsLost: 'unknown',
} as const;

const reading: RelayReading = {
  kind: 'answer',
  at: 5,
  maxSessions: 0,
  uptimeSeconds: 10,
  own: 1,
  foreign: 2,
  packetRate: 3,
  media: 4,
  managedTotal: 'unknown',
  kernelPackets: 'unknown',
  rejectedTotal: 'unknown',
  tally,
};

test('a full reading is an answer, as old as its first request', () => {
  expect(lookOf(reading, 3)).toEqual({
    kind: 'answer',
    at: 3,
    limit: 0,
    own: 1,
    foreign: 2,
    packetRate: 3,
    media: 4,
    uptime: 10,
    tally,
  });
});

test('a reading with a gap in it is a silence, never a zero', () => {
  for (const gap of ['maxSessions', 'own', 'foreign', 'packetRate', 'media', 'uptimeSeconds'] as const)
    expect(lookOf({ ...reading, [gap]: 'unknown' }, 3).kind).toBe('silence');
  expect(lookOf({ ...reading, own: 'unknown' }, 3)).toEqual({
    kind: 'silence',
    at: 3,
    reason: 'its answer does not tell how many calls it has',
  });
});

test('a limit that was not asked for is the one that is known', () => {
  expect(lookOf({ ...reading, maxSessions: 'unknown' }, 3, { limit: -1 })).toMatchObject({
    kind: 'answer',
    limit: -1,
  });
});
