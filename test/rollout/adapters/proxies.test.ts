import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { FleetError } from '../../../lib/errors.ts';
import { proxiesOf } from '../../../rollout/adapters/proxies.ts';

const NEVER = 2 ** 32 - 1;
const A = { name: 'a1', address: '10.0.0.5', version: undefined };
const URL_A = 'udp:10.0.0.5:2223';

type Node = { url: string; disabled: number; recheck_ticks: number };
type World = { server: string; readonly nodes: Node[]; stubborn: boolean };

/** Answers as OpenSIPS’ mi_http does, by its source: modules/rtpengine/rtpengine.c. */
async function opensips(over: Partial<World> = {}) {
  const world: World = {
    server: 'OpenSIPS (3.6.1 (x86_64/linux))',
    nodes: [URL_A, 'udp:10.0.0.6:2223'].map((url) => ({ url, disabled: 0, recheck_ticks: 0 })),
    stubborn: false,
    ...over,
  };
  const url = await serve((method, params) => {
    if (method === 'version') return { Server: world.server };
    if (method === 'rtpengine_show') return [{ Set: 0, Nodes: world.nodes }];
    if (method !== 'rtpengine_enable') throw new Error('Method not found');
    const node = world.nodes.find((one) => one.url === params.url);
    if (node === undefined) throw new Error('RTP engine not found');
    if (!world.stubborn)
      Object.assign(
        node,
        params.enable === 0 ? { disabled: 1, recheck_ticks: NEVER } : { disabled: 0, recheck_ticks: 0 },
      );
    return 'OK';
  });
  return { world, proxies: proxiesAt(url), url };
}

function proxiesAt(...urls: readonly string[]) {
  return proxiesOf({
    proxies: urls.map((url) => ({ kind: 'opensips', url })),
    rtpengine: { ngPort: 2223 } as Parameters<typeof proxiesOf>[0]['rtpengine'],
  });
}

type Params = { readonly url?: string; readonly enable?: number };

async function serve(answer: (method: string, params: Params) => unknown): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => response.end(JSON.stringify(reply(JSON.parse(body), answer))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mi`;
}

function reply(
  { id, method, params }: { readonly id: number; readonly method: string; readonly params: Params },
  answer: (method: string, params: Params) => unknown,
) {
  try {
    return { jsonrpc: '2.0', id, result: answer(method, params) };
  } catch (error) {
    return { jsonrpc: '2.0', id, error: { code: 404, message: (error as Error).message } };
  }
}

test('a relay is switched off for good and on again, read back; the others are left alone', async () => {
  const { world, proxies, url } = await opensips();
  expect(await proxies.leaveOut(A)).toBe(`OpenSIPS at ${url} has it off`);
  expect(world.nodes.map(({ disabled }) => disabled)).toEqual([1, 0]);
  expect(await proxies.leftOut([A, { ...A, name: 'a2', address: '10.0.0.6' }])).toEqual([
    { relay: 'a1', proxy: `OpenSIPS at ${url}` },
  ]);
  expect(await proxies.takeBack(A)).toBe(`OpenSIPS at ${url} has it on`);
  expect(await proxies.leftOut([A])).toEqual([]);
});

test('every proxy is told', async () => {
  const one = await opensips();
  const two = await opensips();
  await proxiesAt(one.url, two.url).leaveOut(A);
  expect([one.world.nodes[0]?.disabled, two.world.nodes[0]?.disabled]).toEqual([1, 1]);
});

test('an order that the proxy took and did not carry out is not believed', async () => {
  const { proxies } = await opensips({ stubborn: true });
  await expect(proxies.leaveOut(A)).rejects.toMatchObject({ code: 'proxy-unchanged', kind: 'retry' });
});

test('a relay that the proxy found silent is switched off for good as well, or it would be asked again', async () => {
  const { world, proxies } = await opensips();
  Object.assign(world.nodes[0] ?? {}, { disabled: 1, recheck_ticks: 60 });
  await proxies.leaveOut(A);
  expect(world.nodes[0]?.recheck_ticks).toBe(NEVER);
});

test('a proxy that does not know the relay says so, and has nothing to be told', async () => {
  const { proxies, url } = await opensips();
  expect(await proxies.leaveOut({ ...A, address: '10.0.0.9' })).toBe(
    `OpenSIPS at ${url} does not know udp:10.0.0.9:2223`,
  );
});

test('without proxies there is nothing to say', async () => {
  const proxies = proxiesAt();
  await proxies.check();
  expect([await proxies.leaveOut(A), await proxies.takeBack(A)]).toEqual([undefined, undefined]);
});

test.each([
  ['OpenSIPS (3.5.9 (x86_64/linux))', 'proxy-version'],
  ['OpenSIPS (2.4.11 (x86_64/linux))', 'proxy-version'],
  ['something', 'proxy-answer'],
])('%s is refused before anything is touched', async (server, code) => {
  const { proxies } = await opensips({ server });
  await expect(proxies.check()).rejects.toMatchObject({ code });
});

test.each(['OpenSIPS (3.6.0 (x86_64/linux))', 'OpenSIPS (4.0.0-dev (x86_64/linux))'])(
  '%s is taken',
  async (server) => {
    await (await opensips({ server })).proxies.check();
  },
);

test('a proxy that is not there, or is something else, is named', async () => {
  const gone = await proxiesAt('http://127.0.0.1:9/mi')
    .check()
    .catch((error: FleetError) => error);
  expect(gone).toBeInstanceOf(FleetError);
  expect(gone).toMatchObject({
    code: 'proxy-silent',
    message: expect.stringContaining('http://127.0.0.1:9/mi'),
  });
  const server = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await expect(proxiesAt(url).check()).rejects.toMatchObject({ code: 'proxy-answer' });
});
