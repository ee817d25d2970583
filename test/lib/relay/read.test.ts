import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  emptiness,
  isCordoned,
  type RelayReading,
  readRelay,
  restartedBetween,
} from '../../../lib/relay/read.ts';
import { startFakeRelay } from '../../support/fake-relay.ts';

let fake: Awaited<ReturnType<typeof startFakeRelay>>;
beforeEach(async () => {
  fake = await startFakeRelay();
});
afterEach(() => fake.close());

/** Long enough for what is answered, also on a busy machine. */
const quick = { timeoutMs: 1_000 };

describe('a reading', () => {
  test('carries the counters, the limit and the time of the answer', async () => {
    Object.assign(fake.state, { own: 3, foreign: 1, uptime: '77', maxSessions: 0 });
    expect(await readRelay(fake.relay, { now: () => 5_000 })).toMatchObject({
      kind: 'answer',
      at: 5_000,
      own: 3,
      foreign: 1,
      uptimeSeconds: 77,
      maxSessions: 0,
    });
  });

  test('asks for the limit before the counts, so that no call can come between a cordon and a count of none', async () => {
    await readRelay(fake.relay);
    expect(fake.asked.map(({ command }) => command)).toEqual(['cli', 'statistics']);
  });

  test('of a relay that does not answer is silence, not a reading of zero', async () => {
    fake.state.answers = { statistics: 'silence', cli: 'silence' };
    const reading = await readRelay(fake.relay, { ...quick, now: () => 9 });
    expect(reading).toMatchObject({ kind: 'silence', at: 9, code: 'ng-silence' });
    expect(emptiness(reading).kind).toBe('unknown');
    expect(isCordoned(reading)).toBe('unknown');
  });

  test('of a relay that refuses statistics is silence with its reason', async () => {
    fake.state.answers = { statistics: { result: 'error', 'error-reason': 'busy' } };
    expect(await readRelay(fake.relay)).toMatchObject({
      kind: 'silence',
      code: 'ng-refused',
      reason: expect.stringContaining('busy'),
    });
  });

  test('of a relay whose CLI does not answer has counts and an unknown limit', async () => {
    fake.state.answers = { cli: 'silence' };
    expect(await readRelay(fake.relay, quick)).toMatchObject({
      kind: 'answer',
      own: 0,
      maxSessions: 'unknown',
    });
  });

  test('without the limit costs one question', async () => {
    expect(await readRelay(fake.relay, { limit: false })).toMatchObject({ maxSessions: 'unknown' });
    expect(fake.asked).toHaveLength(1);
  });

  test('that is given up rejects', async () => {
    await expect(readRelay(fake.relay, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'interrupted',
    });
  });
});

const answer: Extract<RelayReading, { kind: 'answer' }> = {
  kind: 'answer',
  at: 1_000_000,
  maxSessions: 0,
  uptimeSeconds: 500,
  own: 0,
  foreign: 0,
  packetRate: 0,
  media: 0,
  managedTotal: 0,
  kernelPackets: 0,
  rejectedTotal: 0,
  tally: { ended: 0, timedOut: 0, oneWay: 0, packets: 0, packetErrors: 0, packetsLost: 0 },
};
const silence: RelayReading = { kind: 'silence', at: 0, reason: 'no answer', code: 'ng-silence' };

test.each<[string, RelayReading, string]>([
  ['no own and no foreign calls', answer, 'empty'],
  ['one own call', { ...answer, own: 1 }, 'busy'],
  ['foreign calls alone', { ...answer, foreign: 2 }, 'busy'],
  ['unknown own calls', { ...answer, own: 'unknown' }, 'unknown'],
  ['unknown foreign calls', { ...answer, foreign: 'unknown' }, 'unknown'],
  ['silence', silence, 'unknown'],
])('a relay with %s counts as %3$s', (_, reading, kind) => {
  expect(emptiness(reading).kind).toBe(kind);
});

test.each<[string, RelayReading, boolean | 'unknown']>([
  ['limit 0', answer, true],
  ['no limit', { ...answer, maxSessions: -1 }, false],
  ['limit 500', { ...answer, maxSessions: 500 }, false],
  ['unknown limit', { ...answer, maxSessions: 'unknown' }, 'unknown'],
  ['silence', silence, 'unknown'],
])('%s: cordoned %3$s', (_, reading, expected) => {
  expect(isCordoned(reading)).toBe(expected);
});

test.each<[string, Partial<typeof answer>, boolean | 'unknown']>([
  ['the next second', { at: 1_001_000, uptimeSeconds: 501 }, false],
  ['the same second', { at: 1_000_900 }, false],
  ['a slow answer', { at: 1_012_500, uptimeSeconds: 511 }, false],
  ['uptime that went backwards', { at: 1_001_000, uptimeSeconds: 0 }, true],
  ['uptime that went backwards by a second', { at: 1_001_000, uptimeSeconds: 499 }, true],
  ['a restart long ago, its uptime by now higher than before', { at: 3_000_000, uptimeSeconds: 600 }, true],
  ['unknown uptime', { uptimeSeconds: 'unknown' }, 'unknown'],
])('%s: restarted %3$s', (_, change, expected) => {
  expect(restartedBetween(answer, { ...answer, ...change })).toBe(expected);
});

test('silence says nothing about a restart', () => {
  expect(restartedBetween(silence, answer)).toBe('unknown');
  expect(restartedBetween(answer, silence)).toBe('unknown');
});
