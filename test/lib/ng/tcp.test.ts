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

test('an answer is put together from any pieces', async () => {
  const calls = Array(5_000).fill('call');
  const { ng } = await serve((asked, connection) => {
    void dribble(connection, reply(asked, { result: 'ok', calls }));
  });
  expect((await ng.request('list')).fields.calls).toEqual(calls);
});

async function dribble(connection: Socket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 3_001) {
    connection.write(bytes.subarray(at, at + 3_001));
    await sleep(1);
  }
}

test('a request is sent only when the one before it was answered, so that none is ever cut in two', async () => {
  let answered = 0;
  const { ng, server } = await serve((asked, connection, count) => {
    expect(count).toBe(answered + 1);
    setTimeout(() => {
      answered += 1;
      connection.write(reply(asked, { result: 'ok', of: asked.command }));
    }, 2);
  });
  const names = Array.from({ length: 20 }, (_, index) => `command-${index}`);
  const answers = await Promise.all(names.map((name) => ng.request(name)));
  expect(answers.map(({ fields }) => fields.of)).toEqual(names);
  expect(server.asked.map(({ command }) => command)).toEqual(names);
});

test('a request too long for one segment is refused before it is sent', async () => {
  const { ng, server } = await serve((asked, connection) => connection.write(reply(asked, { result: 'ok' })));
  await expect(ng.request('offer', { sdp: 'x'.repeat(1_000) })).rejects.toMatchObject({
    kind: 'stop',
    code: 'ng-too-long',
    hint: expect.stringContaining('UDP'),
  });
  expect(await ng.request('ping')).toMatchObject({ result: 'ok' });
  expect(server.asked).toHaveLength(1);
});

test('answers to nobody are passed over', async () => {
  const { ng } = await serve((asked, connection) =>
    connection.write(`late d6:result4:latee${reply(asked, { result: 'pong' })}late d6:result4:latee`),
  );
  expect(await ng.request('ping')).toMatchObject({ result: 'pong' });
  expect(await ng.request('ping')).toMatchObject({ result: 'pong' });
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

test('silence ends at the deadline; the next request gets a connection of its own', async () => {
  const connections = new Set<Socket>();
  const { ng } = await serve((asked, connection) => {
    connections.add(connection);
    if (asked.command === 'ping') connection.write(reply(asked, { result: 'pong' }));
  });
  const hanging = ng.request('hang', {}, { timeoutMs: 1_000 });
  const waiting = ng.request('ping');
  await expect(hanging).rejects.toMatchObject({ code: 'ng-silence' });
  expect(await waiting).toMatchObject({ result: 'pong' });
  expect(connections.size).toBe(2);
});

test('what is under way and what waits ends when the client is closed', async () => {
  const { ng } = await serve(() => {});
  const [one, two] = [ng.request('one'), ng.request('two')];
  ng.close();
  await expect(one).rejects.toMatchObject({ kind: 'interrupted' });
  await expect(two).rejects.toMatchObject({ kind: 'interrupted' });
});
