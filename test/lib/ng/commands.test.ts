import { afterEach, describe, expect, test } from 'vitest';
import type { NgDict } from '../../../lib/ng/bencode.ts';
import { connectNg, type NgClient } from '../../../lib/ng/client.ts';
import {
  answer,
  deleteCall,
  listCallIds,
  offer,
  ping,
  publish,
  query,
  statistics,
} from '../../../lib/ng/commands.ts';
import { parseStatistics } from '../../../lib/ng/statistics.ts';
import { type NgServer, reply, startNgServer } from '../../support/ng-server.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function serve(fields: NgDict): Promise<{ server: NgServer; ng: NgClient }> {
  const server = await startNgServer((asked) => [reply(asked, fields)]);
  const ng = connectNg({ host: server.host, port: server.port, transport: 'udp' });
  open.push(server, ng);
  return { server, ng };
}

const key = { callId: 'c', fromTag: 'a' };

describe('offer and answer', () => {
  test('an offer says that it understands a load limit; nothing that the caller adds takes that away', async () => {
    const { ng, server } = await serve({ result: 'ok', sdp: 'v=0' });
    const extra = { ICE: 'remove', supports: [] };
    expect(await offer(ng, key, 'mine', extra)).toMatchObject({ kind: 'accepted', sdp: 'v=0' });
    expect(server.asked[0]?.fields).toEqual({
      command: 'offer',
      'call-id': 'c',
      'from-tag': 'a',
      sdp: 'mine',
      ICE: 'remove',
      supports: ['load limit'],
    });
  });

  test('an answer carries both tags, a publish one', async () => {
    const { ng, server } = await serve({ result: 'ok', sdp: 'v=0' });
    await answer(ng, { ...key, toTag: 'b' }, 'mine');
    await publish(ng, key, 'mine');
    expect(server.asked.map(({ fields }) => [fields['from-tag'], fields['to-tag']])).toEqual([
      ['a', 'b'],
      ['a', undefined],
    ]);
  });

  test.each<[NgDict, object]>([
    [
      { result: 'load limit', message: 'full' },
      { kind: 'load-limit', reason: 'full' },
    ],
    [
      { result: 'error', 'error-reason': 'bad' },
      { kind: 'error', reason: 'bad' },
    ],
    [{ result: 'ok' }, { kind: 'error', reason: 'the answer carries no SDP' }],
  ])('%j is a value', async (fields, expected) => {
    const { ng } = await serve(fields);
    expect(await offer(ng, key, 'mine')).toEqual(expected);
  });
});

test.each<[NgDict, object]>([
  [{ result: 'ok', created: 1 }, { kind: 'deleted' }],
  [{ result: 'ok', warning: "Call-ID not found or tags didn't match" }, { kind: 'unknown-call' }],
  [
    { result: 'error', 'error-reason': 'no' },
    { kind: 'error', reason: 'no' },
  ],
])('a delete that is answered %j is %j', async (fields, expected) => {
  const { ng, server } = await serve(fields);
  expect(await deleteCall(ng, { ...key, delaySeconds: 0 })).toEqual(expected);
  expect(server.asked[0]?.fields).toMatchObject({ 'call-id': 'c', 'from-tag': 'a', 'delete-delay': 0 });
});

test('a query of an unknown call is a value', async () => {
  const { ng } = await serve({ result: 'error', 'error-reason': 'Unknown call-id' });
  expect(await query(ng, 'c')).toEqual({ kind: 'unknown-call' });
});

test('a ping is only good with a pong', async () => {
  await ping((await serve({ result: 'pong' })).ng);
  await expect(ping((await serve({ result: 'ok' })).ng)).rejects.toMatchObject({ code: 'ng-refused' });
});

test.each<NgDict>([{ result: 'ok' }, { result: 'ok', calls: 'none' }, { result: 'error' }])(
  'a list that is answered %j is an error, not an empty list',
  async (fields) => {
    await expect(listCallIds((await serve(fields)).ng, 10)).rejects.toMatchObject({
      kind: 'retry',
      code: 'ng-refused',
    });
  },
);

describe('statistics', () => {
  test('leave out what nobody asks for, and nothing else', async () => {
    const counts = { sessionsown: 1, sessionsforeign: 2, packetrate: 3, media_userspace: 4, media_kernel: 5 };
    const fields: NgDict = {
      statistics: {
        currentstatistics: { ...counts, media_mixed: 6, byterate: 7 },
        totalstatistics: {
          ...{ uptime: '8', managedsessions: 9, rejectedsessions: 10, timeoutsessions: 11 },
          ...{ onewaystreams: 12, relayedpackets: 13, relayedpackets_kernel: 16, relayedpacketerrors: 14 },
        },
        intervalstatistics: { minpingdelay: '0.000000' },
        voip_metrics: { packets_lost: 15 },
      },
      result: 'ok',
    };
    const { ng } = await serve(fields);
    const told = await statistics(ng);
    expect(told).toEqual(parseStatistics(fields));
    expect([told, told.tally].flatMap((part) => Object.values(part))).not.toContain('unknown');
  });

  test('say why they were refused', async () => {
    const { ng } = await serve({ result: 'error', 'error-reason': 'not now' });
    await expect(statistics(ng)).rejects.toMatchObject({
      code: 'ng-refused',
      message: expect.stringContaining('not now'),
    });
  });
});
