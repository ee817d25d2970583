import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { encode } from '../../../lib/ng/bencode.ts';
import { connectNg, type NgClient } from '../../../lib/ng/client.ts';
import { openNgSocket } from '../../../lib/ng/udp.ts';
import { freshLoopback } from '../../support/loopback.ts';
import { type Asked, type NgServer, type Reaction, reply, startNgServer } from '../../support/ng-server.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function serve(
  react: Reaction,
  { host, again = [20, 20, 20] }: { readonly host?: string; readonly again?: readonly number[] } = {},
): Promise<{ server: NgServer; ng: NgClient }> {
  const server = await startNgServer(react, host);
  const socket = openNgSocket({ retransmitAfterMs: again });
  const ng = connectNg({ host: server.host, port: server.port, transport: 'udp', socket });
  open.push(server, socket);
  return { server, ng };
}

const pong = (asked: Asked) => [reply(asked, { result: 'pong' })];

describe('a request over UDP', () => {
  test('gets the answer under its own cookie, over IPv4 and IPv6', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const { ng } = await serve(pong, { host });
      expect(await ng.request('ping')).toMatchObject({ kind: 'ok', result: 'pong' });
    }
  });

  test('is sent again under the same cookie when the answer is lost', async () => {
    let lost = 2;
    const { ng, server } = await serve((asked) => (lost-- > 0 ? [] : pong(asked)), { again: [20, 20] });
    expect(await ng.request('ping')).toMatchObject({ kind: 'ok' });
    expect(server.asked).toHaveLength(3);
    expect(new Set(server.asked.map(({ cookie }) => cookie)).size).toBe(1);
  });

  test('never shares a cookie with another request', async () => {
    const { ng, server } = await serve(pong);
    await Promise.all(Array.from({ length: 50 }, () => ng.request('ping')));
    expect(new Set(server.asked.map(({ cookie }) => cookie)).size).toBe(50);
  });

  test('takes its cookies from the caller when told to', async () => {
    const server = await startNgServer(pong);
    const cookies = ['one', 'two'];
    const newCookie = () => cookies.shift() ?? 'out';
    const socket = openNgSocket({ retransmitAfterMs: [] });
    const ng = connectNg({ host: server.host, port: server.port, transport: 'udp', socket, newCookie });
    open.push(server, socket);
    await ng.request('ping');
    await ng.request('ping');
    expect(server.asked.map(({ cookie }) => cookie)).toEqual(['one', 'two']);
  });

  test('that nobody answers is silence after the deadline, with a bounded number of tries', async () => {
    const { ng, server } = await serve(() => [], { again: [1, 1, 1] });
    await expect(ng.request('statistics', {}, { timeoutMs: 1_000 })).rejects.toMatchObject({
      kind: 'retry',
      code: 'ng-silence',
      message: expect.stringContaining(`${server.port} (udp) did not answer statistics within 1000 ms`),
    });
    await expect.poll(() => server.asked.length).toBe(4);
  });

  test('to a port where nothing listens is silence, too', async () => {
    const { ng, server } = await serve(pong, { host: freshLoopback() });
    await server.close();
    open.shift();
    await expect(ng.request('ping', {}, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'ng-silence' });
  });

  test('ignores answers to other cookies, repeated answers, and answers that come too late', async () => {
    let late: Asked | undefined;
    const { ng } = await serve((asked) => {
      if (asked.command === 'slow') {
        late = asked;
        return [];
      }
      const stale = late === undefined ? [] : [reply(late, { result: 'ok', late: 1 })];
      const right = reply(asked, { result: 'ok', right: 1 });
      return ['x d6:result4:wronge', 'no-space', ...stale, right, right, reply(asked, { result: 'ok' })];
    });
    await expect(ng.request('slow', {}, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'ng-silence' });
    for (let round = 0; round < 3; round += 1)
      expect(await ng.request('ping')).toMatchObject({ fields: { right: 1 } });
  });

  test('ignores the right cookie from the wrong sender', async () => {
    const { ng, server } = await serve(() => []);
    const forger = createSocket('udp4');
    open.push({ close: () => forger.close() });
    const asking = ng.request('ping', {}, { timeoutMs: 200 });
    const forged = vi.waitFor(() => {
      const cookie = server.asked[0]?.cookie;
      expect(cookie).toBeDefined();
      forger.send(`${cookie} d6:result4:ponge`, server.lastPort(), '127.0.0.1');
    }, 60_000);
    await expect(asking).rejects.toMatchObject({ code: 'ng-silence' });
    await forged;
  });

  test('ends at once when it is given up', async () => {
    const { ng } = await serve(() => []);
    const before = AbortSignal.abort();
    await expect(ng.request('ping', {}, { signal: before })).rejects.toMatchObject({ kind: 'interrupted' });
    const stop = new AbortController();
    const asking = ng.request('ping', {}, { signal: stop.signal, timeoutMs: 60_000 });
    stop.abort();
    await expect(asking).rejects.toMatchObject({ kind: 'interrupted', code: 'ng-aborted' });
  });

  test('ends at once when its client is closed, and leaves those of others alone', async () => {
    const { ng, server } = await serve((asked) => (asked.command === 'ping' ? pong(asked) : []));
    const socket = openNgSocket();
    open.push(socket);
    const target = { host: server.host, port: server.port, transport: 'udp' } as const;
    const [one, two] = [connectNg({ ...target, socket }), connectNg({ ...target, socket })];
    const given = one.request('hang', {}, { timeoutMs: 60_000 });
    const kept = two.request('ping');
    await new Promise((resolve) => setImmediate(resolve));
    one.close();
    await expect(given).rejects.toMatchObject({ kind: 'interrupted' });
    expect(await kept).toMatchObject({ result: 'pong' });
    expect(await ng.request('ping')).toMatchObject({ result: 'pong' });
  });

  test('whose relay is still being looked up by name opens no socket any more once all is closed', async () => {
    const { server } = await serve(pong);
    const socket = openNgSocket();
    const ng = connectNg({ host: 'localhost', port: server.port, transport: 'udp', socket });
    const asking = ng.request('ping');
    socket.close();
    await expect(asking).rejects.toMatchObject({ kind: 'interrupted' });
    expect(server.asked).toEqual([]);
  });

  test('too long for a datagram is refused before it is sent', async () => {
    const { ng, server } = await serve(pong);
    await expect(ng.request('offer', { sdp: 'x'.repeat(70_000) })).rejects.toMatchObject({
      kind: 'stop',
      code: 'ng-too-long',
    });
    expect(server.asked).toHaveLength(0);
  });

  test('to a name that does not exist says so', async () => {
    const ng = connectNg({ host: 'relay.invalid', port: 1, transport: 'udp' });
    open.push(ng);
    await expect(ng.request('ping')).rejects.toMatchObject({ kind: 'retry', code: 'ng-unreachable' });
  });
});

describe('an answer', () => {
  test.each([
    [
      { result: 'ok', sdp: 'v=0' },
      { kind: 'ok', result: 'ok', fields: { sdp: 'v=0' } },
    ],
    [
      { result: 'load limit', message: 'full' },
      { kind: 'load-limit', reason: 'full' },
    ],
    [
      { result: 'error', 'error-reason': 'Unknown call-id' },
      { kind: 'error', reason: 'Unknown call-id' },
    ],
    [{ result: 'error' }, { kind: 'error', reason: 'no reason given' }],
  ])('%j is a value, not an exception', async (fields, expected) => {
    const { ng } = await serve((asked) => [reply(asked, fields)]);
    expect(await ng.request('offer')).toMatchObject(expected);
  });

  // 13.4 and 26.0 answer a body that they cannot decode with the cookie, a space and nothing.
  test.each([
    ['nothing', ''],
    ['garbage', 'what?'],
    ['a list', encode([]).toString()],
    ['a dictionary without a result', encode({}).toString()],
  ])('of %s is an error that names the relay', async (_, body) => {
    const { ng, server } = await serve(({ cookie }) => [`${cookie} ${body}`]);
    await expect(ng.request('ping')).rejects.toMatchObject({
      kind: 'retry',
      code: 'ng-garbled',
      message: expect.stringContaining(`127.0.0.1:${server.port}: the answer to ping`),
    });
  });
});

test('one socket serves hundreds of relays at once, each getting its own answers', async () => {
  const socket = openNgSocket();
  const servers = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      startNgServer((asked) => [reply(asked, { result: 'ok', index })], '127.0.0.1'),
    ),
  );
  open.push(socket, ...servers);
  const answers = await Promise.all(
    servers.map(({ host, port }) =>
      connectNg({ host, port, transport: 'udp', socket }).request('statistics'),
    ),
  );
  expect(answers.map(({ fields }) => fields.index)).toEqual(servers.map((_, index) => index));
});
