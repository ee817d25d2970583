import { afterEach, describe, expect, test, vi } from 'vitest';
import type { NgDict } from '../../lib/ng/bencode.ts';
import { connectNg, type NgClient } from '../../lib/ng/client.ts';
import { openNgSocket } from '../../lib/ng/udp.ts';
import { probeCall } from '../../lib/probe-call.ts';
import { type NgServer, reply, startNgServer } from '../support/ng-server.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** Port 9 of an unused loopback address: media sent there goes nowhere. */
const sdp =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n';
const accepted: NgDict = { result: 'ok', sdp };
const refused: NgDict = { result: 'load limit', message: 'Parallel session limit reached' };

async function serve(
  answers: Readonly<Record<string, NgDict | readonly NgDict[] | 'silence'>>,
): Promise<{ server: NgServer; ng: NgClient }> {
  const counts = new Map<string, number>();
  const server = await startNgServer((asked) => {
    const answer = answers[asked.command] ?? { result: 'ok' };
    if (answer === 'silence') return [];
    const count = counts.get(asked.command) ?? 0;
    counts.set(asked.command, count + 1);
    return [reply(asked, Array.isArray(answer) ? (answer[count] ?? {}) : (answer as NgDict))];
  });
  const socket = openNgSocket({ retransmitAfterMs: [] });
  open.push(server, socket);
  return { server, ng: connectNg({ host: server.host, port: server.port, transport: 'udp', socket }) };
}

const admitted = { localAddress: '127.0.0.1', packets: 2, relay: 'admitted', timeoutMs: 60_000 } as const;
const cordoned = { ...admitted, relay: 'cordoned' } as const;
const commands = ({ asked }: NgServer) => asked.map(({ command }) => command);

describe('the probe of a cordoned relay', () => {
  test('proves the cordon, then makes the call by publish, so that the cordon is never lifted', async () => {
    const { ng, server } = await serve({ offer: [refused, accepted], publish: accepted, answer: accepted });
    const result = await probeCall(ng, { ...cordoned, newId: () => 'id' });
    expect(commands(server)).toEqual(['offer', 'publish', 'offer', 'answer', 'delete']);
    expect(new Set(server.asked.map(({ fields }) => fields['call-id']))).toEqual(new Set([result.callId]));
    expect(result).toMatchObject({ callId: 'rtpfleet-probe-id', sent: 2, cleaned: true });
  });

  test.each<[string, Parameters<typeof serve>[0], string]>([
    ['takes calls', { offer: accepted }, 'it is not cordoned'],
    ['fails', { offer: { result: 'error', 'error-reason': 'out of order' } }, 'out of order'],
    [
      'refuses the publish',
      { offer: refused, publish: { result: 'error', 'error-reason': 'no' } },
      'publish',
    ],
    ['refuses the offer all the same', { offer: refused, publish: accepted }, 'Parallel session limit'],
  ])('is not ok when it %s', async (_, answers, reason) => {
    const { ng, server } = await serve(answers);
    expect(await probeCall(ng, cordoned)).toMatchObject({
      ok: false,
      reason: expect.stringContaining(reason),
      setupMs: undefined,
      sent: 0,
      cleaned: true,
    });
    expect(commands(server).at(-1)).toBe('delete');
  });
});

describe('the probe of an admitted relay', () => {
  test('deletes its call whole, at once, without tags', async () => {
    const { ng, server } = await serve({ offer: accepted, answer: accepted });
    await probeCall(ng, admitted);
    const last = server.asked.at(-1);
    expect(last?.command).toBe('delete');
    expect(last?.fields).toEqual({
      command: 'delete',
      'call-id': server.asked[0]?.fields['call-id'],
      'delete-delay': 0,
    });
  });

  test('is not ok when the media does not arrive', async () => {
    const { ng } = await serve({ offer: accepted, answer: accepted });
    expect(await probeCall(ng, admitted)).toMatchObject({
      ok: false,
      reason: 'of 2 packets each way 0 reached the caller and 0 the callee',
      receivedA: 0,
      receivedB: 0,
    });
  });

  test('is not ok when the relay is silent', async () => {
    const { ng } = await serve({ offer: 'silence' });
    expect(await probeCall(ng, { ...admitted, timeoutMs: 60 })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('did not answer offer'),
      cleaned: true,
    });
  });

  test('is not ok when the answer has no usable SDP', async () => {
    const { ng } = await serve({ offer: { result: 'ok', sdp: 'v=1' } });
    expect(await probeCall(ng, admitted)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('SDP'),
    });
  });

  test('with no packet at all proves nothing', async () => {
    const { ng } = await serve({ offer: accepted, answer: accepted });
    expect(await probeCall(ng, { ...admitted, packets: 0 })).toMatchObject({ ok: false, sent: 0 });
  });

  test('says that its call may still be there', async () => {
    const { ng } = await serve({ offer: accepted, answer: accepted, delete: 'silence' });
    expect(await probeCall(ng, admitted)).toMatchObject({ ok: false, cleaned: false });
  });

  test('given up, still deletes its call', async () => {
    const { ng, server } = await serve({ offer: accepted, answer: 'silence' });
    const stop = new AbortController();
    const probing = probeCall(ng, { ...admitted, signal: stop.signal });
    void vi
      .waitUntil(() => commands(server).includes('answer'), { timeout: 60_000 })
      .then(() => stop.abort());
    await expect(probing).rejects.toMatchObject({ kind: 'interrupted' });
    expect(commands(server)).toEqual(['offer', 'answer', 'delete']);
  });

  test('from an address that is not local says so before it asks anything', async () => {
    const { ng, server } = await serve({});
    await expect(probeCall(ng, { ...admitted, localAddress: '192.0.2.1' })).rejects.toMatchObject({
      kind: 'usage',
      code: 'local-address',
      message: expect.stringContaining('192.0.2.1'),
    });
    expect(server.asked).toHaveLength(0);
  });
});
