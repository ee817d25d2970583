import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ensureRedis } from '../../lab/apply/redis.ts';
import { connectRest, type Rest } from '../../lab/apply/rest.ts';

type Answer = { readonly status?: number; readonly json: object };

/** An endpoint that gives these answers in turn, the last one for ever. */
async function endpoint(...answers: readonly Answer[]): Promise<{ rest: Rest; seen: string[]; urls: URL[] }> {
  const seen: string[] = [];
  const urls: URL[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const url = new URL(request.url ?? '', 'http://lab');
    const { status = 200, json } = answers[Math.min(seen.length, answers.length - 1)] ?? { json: {} };
    seen.push(`${request.method} ${url.pathname}`);
    urls.push(url);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { rest: connectRest({ endpoint: `http://127.0.0.1:${port}`, project: 'p' }), seen, urls };
}

const NETWORKS = '/compute/v1/projects/p/global/networks';
const operation = (status: string, more: object = {}): Answer => ({
  json: {
    name: 'op',
    status,
    selfLink: 'http://lab/compute/v1/projects/p/global/operations/op',
    operationType: 'insert',
    ...more,
  },
});
const refusal = (status: number, reason: string, message: string): Answer => ({
  status,
  json: { error: { code: status, message, errors: [{ reason, message }] } },
});

describe('a change', () => {
  test('ends when its operation is done', async () => {
    const { rest, seen } = await endpoint(operation('PENDING'), operation('RUNNING'), operation('DONE'));
    await rest.mutate('POST', NETWORKS, { name: 'n' });
    const wait = 'POST /compute/v1/projects/p/global/operations/op/wait';
    expect(seen).toEqual([`POST ${NETWORKS}`, wait, wait]);
  });

  test('fails when its operation did', async () => {
    const error = { errors: [{ code: 'QUOTA_EXCEEDED', message: 'too many' }] };
    const { rest } = await endpoint(operation('DONE', { error }));
    await expect(rest.mutate('POST', NETWORKS, { name: 'n' })).rejects.toMatchObject({
      code: 'gce-operation-failed',
      message: expect.stringContaining('too many'),
    });
  });

  test('is sent again as the same request when no answer says that it was carried out', async () => {
    const { rest, urls } = await endpoint(refusal(503, 'backendError', 'try again'), operation('DONE'));
    await rest.mutate('POST', NETWORKS, { name: 'n' });
    const [first, second] = urls.map(({ searchParams }) => searchParams.get('requestId'));
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).toBe(first);
  });

  test('that is refused says why', async () => {
    const { rest } = await endpoint(refusal(400, 'invalid', 'no such field'));
    await expect(rest.mutate('PATCH', `${NETWORKS}/n`, {})).rejects.toMatchObject({
      kind: 'stop',
      code: 'gce-bad-request',
      message: expect.stringContaining('no such field'),
    });
  });
});

test('what is not there is undefined, any other refusal is an error', async () => {
  const { rest } = await endpoint(
    refusal(404, 'notFound', 'not there'),
    refusal(403, 'forbidden', 'not you'),
  );
  expect(await rest.get(`${NETWORKS}/n`)).toBeUndefined();
  await expect(rest.get(`${NETWORKS}/n`)).rejects.toMatchObject({ code: 'gce-denied' });
});

describe('Redis', () => {
  const inputs = { name: 'r', region: 'us-central1', memorySizeGb: 1 };
  const absent = refusal(404, 'notFound', 'not there');

  test('that cannot be started is an error with its reason', async () => {
    const begun = { json: { name: 'projects/p/locations/l/operations/o', done: false } };
    const failed = { json: { done: true, error: { code: 13, message: 'port taken' } } };
    const { rest } = await endpoint(absent, begun, failed);
    await expect(ensureRedis(rest, inputs)).rejects.toMatchObject({
      code: 'apply-redis',
      message: 'redis r cannot be used: port taken',
    });
  });

  test('that is being deleted cannot be used', async () => {
    const { rest } = await endpoint({ json: { memorySizeGb: 1, state: 'DELETING' } });
    await expect(ensureRedis(rest, inputs)).rejects.toMatchObject({ code: 'apply-redis' });
  });

  test('that would have to change is not replaced', async () => {
    const { rest, seen } = await endpoint({ json: { memorySizeGb: 2, state: 'READY' } });
    await expect(ensureRedis(rest, inputs)).rejects.toMatchObject({
      code: 'apply-replace',
      message: expect.stringContaining('memorySizeGb'),
    });
    expect(seen).toHaveLength(1);
  });
});
