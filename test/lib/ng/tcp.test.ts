import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connectNg, type NgClient } from '../../../lib/ng/client.ts';
import { type NgServer, reply, startNgTcpServer, type TcpReaction } from '../../support/ng-server.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function serve(react: TcpReaction): Promise<{ server: NgServer; ng: NgClient }> {
  const server = await startNgTcpServer(react);
  const ng = connectNg({ host: server.host, port: server.port, transport: 'tcp' });
  open.push(server, ng);
  return { server, ng };
}

test('answers are put together from any pieces, and told apart when they come together', async () => {
  const waiting: Buffer[] = [];
  const { ng } = await serve((asked, connection) => {
    waiting.push(reply(asked, { result: 'ok', calls: Array(2_000).fill(asked.command) }));
    if (waiting.length === 2) void dribble(connection, Buffer.concat(waiting));
  });
  const [one, two] = await Promise.all([ng.request('one'), ng.request('two')]);
  expect([one.fields.calls, two.fields.calls]).toEqual([Array(2_000).fill('one'), Array(2_000).fill('two')]);
});

async function dribble(connection: Socket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 3_001) {
    connection.write(bytes.subarray(at, at + 3_001));
    await sleep(1);
  }
}

test('answers may come in another order than the requests', async () => {
  const held: Buffer[] = [];
  const { ng } = await serve((asked, connection) => {
    held.unshift(reply(asked, { result: 'ok', of: asked.command }));
    if (held.length === 2) connection.write(Buffer.concat(held));
  });
  const [one, two] = await Promise.all([ng.request('one'), ng.request('two')]);
  expect([one.fields.of, two.fields.of]).toEqual(['one', 'two']);
});

test('a request whose connection breaks is sent once more under the same cookie', async () => {
  const { ng, server } = await serve((asked, connection, count) => {
    if (count === 1) connection.destroy();
    else connection.write(reply(asked, { result: 'pong' }));
  });
  expect(await ng.request('ping')).toMatchObject({ result: 'pong' });
  expect(server.asked.map(({ cookie }) => cookie)).toEqual(Array(2).fill(server.asked[0]?.cookie));
});

test('a relay that always closes the connection is unreachable, not silent', async () => {
  const { ng, server } = await serve((_, connection) => connection.destroy());
  await expect(ng.request('ping')).rejects.toMatchObject({ kind: 'retry', code: 'ng-unreachable' });
  expect(server.asked).toHaveLength(2);
});

test('nothing listening is unreachable at once', async () => {
  const { ng, server } = await serve(() => {});
  await server.close();
  await expect(ng.request('ping', {}, { timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'ng-unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('a peer that does not speak ng is told by name', async () => {
  const { ng } = await serve((_, connection) => connection.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await expect(ng.request('ping')).rejects.toMatchObject({ kind: 'retry', code: 'ng-garbled' });
});

test('silence ends at the deadline, and the connection goes on to serve the next request', async () => {
  const { ng } = await serve((asked, connection) => {
    if (asked.command === 'ping') connection.write(reply(asked, { result: 'pong' }));
  });
  await expect(ng.request('hang', {}, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'ng-silence' });
  expect(await ng.request('ping')).toMatchObject({ result: 'pong' });
});
