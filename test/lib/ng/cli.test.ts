import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { hasCliVerb, runCli } from '../../../lib/ng/cli.ts';
import { connectNg } from '../../../lib/ng/client.ts';
import { freshLoopback } from '../../support/loopback.ts';
import { reply, startNgServer } from '../../support/ng-server.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function serveCli(act: (line: string, connection: Socket) => void) {
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on('error', () => {});
    connection.on('data', (chunk) => act(chunk.toString(), connection));
  });
  const host = freshLoopback();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const close = () => {
    for (const connection of connections) connection.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  open.push({ close });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { door: { kind: 'port', host, port } as const, close };
}

describe('over the CLI port', () => {
  test('a command is one line, and all that comes until the end is its text', async () => {
    const { door } = await serveCli((line, connection) => {
      connection.write(`heard ${line}`);
      setTimeout(() => connection.end('and more\n'), 10);
    });
    expect(await runCli(door, 'list maxsessions')).toBe('heard list maxsessions\nand more\n');
  });

  test('an empty reply to a list was lost and is asked for again; to anything else it is the reply', async () => {
    const heard: string[] = [];
    const { door } = await serveCli((line, connection) => {
      heard.push(line.trim());
      connection.end(heard.filter((one) => one === line.trim()).length < 3 ? '' : 'text\n');
    });
    expect(await runCli(door, 'list maxsessions')).toBe('text\n');
    expect(await runCli(door, 'params diff')).toBe('');
    expect(await runCli(door, 'set maxsessions 0')).toBe('');
    expect(heard).toEqual([...Array(3).fill('list maxsessions'), 'params diff', 'set maxsessions 0']);
  });

  test('a reply without an end is silence, even with some text', async () => {
    const { door } = await serveCli((_, connection) => connection.write('Maximum sessions'));
    await expect(runCli(door, 'list maxsessions', { timeoutMs: 100 })).rejects.toMatchObject({
      kind: 'retry',
      code: 'cli-silence',
    });
  });

  test('nothing listening is unreachable', async () => {
    const { door, close } = await serveCli(() => {});
    await close();
    open.pop();
    await expect(runCli(door, 'list maxsessions')).rejects.toMatchObject({
      kind: 'retry',
      code: 'cli-unreachable',
      message: expect.stringContaining(`${door.host}:${door.port}`),
    });
  });

  test('a broken connection is unreachable', async () => {
    const { door } = await serveCli((_, connection) => connection.resetAndDestroy());
    await expect(runCli(door, 'list maxsessions')).rejects.toMatchObject({ code: 'cli-unreachable' });
  });

  test('an abort ends it at once', async () => {
    const { door } = await serveCli(() => {});
    const stop = new AbortController();
    const running = runCli(door, 'list maxsessions', { signal: stop.signal, timeoutMs: 60_000 });
    stop.abort();
    await expect(running).rejects.toMatchObject({ kind: 'interrupted' });
  });
});

test('a command that would be two is refused', async () => {
  const door = { kind: 'port', host: '127.0.0.1', port: 9 } as const;
  await expect(runCli(door, 'call x\nterminate all')).rejects.toMatchObject({
    kind: 'stop',
    code: 'cli-command',
  });
});

test('over ng, the text is the response of the cli command', async () => {
  const server = await startNgServer((asked) => [
    reply(asked, { result: 'ok', response: `${asked.command} ${asked.fields.body}` }),
  ]);
  const ng = connectNg({ host: server.host, port: server.port, transport: 'udp' });
  open.push(server, ng);
  expect(await runCli({ kind: 'verb', ng }, 'list maxsessions')).toBe('cli list maxsessions');
});

test('over ng, nothing follows the command line, since RTPEngine reads its number beyond the end', async () => {
  const server = await startNgServer((asked) => [reply(asked, { result: 'ok', response: '' })]);
  const ng = connectNg({ host: server.host, port: server.port, transport: 'udp' });
  open.push(server, ng);
  await runCli({ kind: 'verb', ng }, 'set maxsessions 0');
  expect(server.asked[0]?.raw).toMatch(/set maxsessions 0e$/);
});

test.each([
  'list sessions all',
  'list sessions own',
  'list sessions x',
  'list totals',
  'help',
  'params diff x',
])('over ng, %j is not asked: a long reply would end RTPEngine', async (command) => {
  const server = await startNgServer((asked) => [reply(asked, { result: 'ok', response: '' })]);
  const ng = connectNg({ host: server.host, port: server.port, transport: 'udp' });
  open.push(server, ng);
  await expect(runCli({ kind: 'verb', ng }, command)).rejects.toMatchObject({
    kind: 'hold',
    code: 'cli-too-long',
  });
  expect(server.asked).toHaveLength(0);
});

test('a relay without the ng command says what to do', async () => {
  const server = await startNgServer((asked) => [
    reply(asked, { result: 'error', 'error-reason': 'Unrecognized command' }),
  ]);
  const ng = connectNg({ host: server.host, port: server.port, transport: 'udp' });
  open.push(server, ng);
  await expect(runCli({ kind: 'verb', ng }, 'list maxsessions')).rejects.toMatchObject({
    kind: 'hold',
    code: 'cli-refused',
    hint: expect.stringContaining('CLI port'),
  });
});

test.each([
  ['mr10.5.3.5', false],
  ['mr12.5.1.31', false],
  ['mr13.1.1.16', false],
  ['mr13.2.1.16', true],
  ['mr13.10.1.1', true],
  ['mr26.0.1.26', true],
  ['12.5', undefined],
])('%s has the ng command cli: %s', (version, expected) => {
  expect(hasCliVerb(version)).toBe(expected);
});
