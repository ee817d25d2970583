import { expect, test } from 'vitest';
import type { NgDict } from '../../../lib/ng/bencode.ts';
import { parseStatistics } from '../../../lib/ng/statistics.ts';

const current = {
  sessionsown: 12,
  sessionsforeign: 3,
  packetrate: 600,
  media_userspace: 20,
  media_kernel: 4,
  media_mixed: 0,
};
const total = { uptime: '147', managedsessions: 40, rejectedsessions: 2, relayedpackets_kernel: 7 };

const untold = {
  ended: 'unknown',
  timedOut: 'unknown',
  oneWay: 'unknown',
  packets: 'unknown',
  packetErrors: 'unknown',
  packetsLost: 'unknown',
};

function answerOf(currentstatistics: NgDict, totalstatistics: NgDict): NgDict {
  return { result: 'ok', statistics: { currentstatistics, totalstatistics } };
}

test('the counters of a relay, uptime although it comes as text', () => {
  expect(parseStatistics(answerOf(current, total))).toEqual({
    uptimeSeconds: 147,
    own: 12,
    foreign: 3,
    packetRate: 600,
    media: 24,
    managedTotal: 40,
    rejectedTotal: 2,
    kernelPackets: 7,
    tally: { ...untold, ended: 40 },
  });
});

const nothing = {
  uptimeSeconds: 'unknown',
  own: 'unknown',
  foreign: 'unknown',
  packetRate: 'unknown',
  media: 'unknown',
  managedTotal: 'unknown',
  rejectedTotal: 'unknown',
  kernelPackets: 'unknown',
  tally: untold,
};

test('what became of calls and packets', () => {
  const statistics = {
    totalstatistics: {
      managedsessions: 40,
      timeoutsessions: 1,
      onewaystreams: 2,
      relayedpackets: 3000,
      relayedpacketerrors: 4,
    },
    voip_metrics: { packets_lost: 5 },
  };
  expect(parseStatistics({ result: 'ok', statistics }).tally).toEqual({
    ended: 40,
    timedOut: 1,
    oneWay: 2,
    packets: 3000,
    packetErrors: 4,
    packetsLost: 5,
  });
});

test.each<[string, NgDict]>([
  ['no statistics', { result: 'ok' }],
  ['statistics of a wrong type', { result: 'ok', statistics: 'none' }],
  ['empty statistics', answerOf({}, {})],
  ['a list for a dictionary', { result: 'ok', statistics: { currentstatistics: [], totalstatistics: [0] } }],
])('%s: all unknown, never zero', (_, fields) => {
  expect(parseStatistics(fields)).toEqual(nothing);
});

test.each<[string, NgDict['x']]>([
  ['a word', 'many'],
  ['negative', -1],
  ['empty text', ''],
  ['a fraction as text', '1.5'],
  ['a list', []],
  ['beyond 2^53', 2n ** 60n],
])('own sessions that are %s are unknown, the others stand', (_, value) => {
  expect(parseStatistics(answerOf({ ...current, sessionsown: value }, total))).toMatchObject({
    own: 'unknown',
    foreign: 3,
  });
});

test('media is unknown when one of its three parts is', () => {
  const { media_kernel: _, ...rest } = current;
  expect(parseStatistics(answerOf(rest, total))).toMatchObject({ media: 'unknown', own: 12 });
});
