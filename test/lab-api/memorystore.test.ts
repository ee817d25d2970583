import { describe, expect, it } from 'vitest';
import { eventually, type Json, openTestLab, PROJECT, type TestLab } from '../support/lab-server.ts';

const parent = `/redis/v1/projects/${PROJECT}/locations/us-central1`;
const body = { tier: 'BASIC', memorySizeGb: 1, redisConfigs: { 'notify-keyspace-events': 'KEA' } };

const create = (lab: TestLab, id: string, extra: object = {}) =>
  lab.send('POST', `${parent}/instances?instanceId=${id}`, { ...body, ...extra });

async function finished(lab: TestLab, operation: Json): Promise<Json> {
  let current = operation;
  await eventually(async () => {
    current = (await lab.send('GET', `/redis/v1/${operation.name}`)).json;
    return current.done === true;
  });
  return current;
}

describe('Memorystore', () => {
  it('makes a Redis: CREATING, then READY with host and port', async () => {
    const lab = await openTestLab();
    const { json: begun } = await create(lab, 'calls');
    expect(begun).toMatchObject({ done: false, metadata: { verb: 'create' } });
    const done = await finished(lab, begun);
    expect(done.response).toMatchObject({ state: 'READY', host: '127.90.0.3', port: 6379 });
    expect([...lab.redis.running]).toEqual([['us-central1-calls', body.redisConfigs]]);
    expect((await lab.send('GET', `${parent}/instances`)).json.instances).toHaveLength(1);
  });

  it('tells the authority of one with TLS, as a certificate with its digests and dates', async () => {
    const lab = await openTestLab();
    const tls = { transitEncryptionMode: 'SERVER_AUTHENTICATION' };
    const done = await finished(lab, (await create(lab, 'calls', tls)).json);
    expect(done.response).toMatchObject({ state: 'READY', port: 6378, ...tls });
    const [authority] = done.response.serverCaCerts;
    expect(authority).toEqual({
      cert: expect.stringContaining('BEGIN CERTIFICATE'),
      serialNumber: expect.stringMatching(/^[0-9A-F]+$/),
      createTime: expect.stringMatching(/^2026-/),
      expireTime: expect.stringMatching(/^2126-/),
      sha1Fingerprint: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
  });

  it('deletes it', async () => {
    const lab = await openTestLab();
    await finished(lab, (await create(lab, 'calls')).json);
    await finished(lab, (await lab.send('DELETE', `${parent}/instances/calls`)).json);
    expect((await lab.send('GET', `${parent}/instances/calls`)).status).toBe(404);
    expect(lab.redis.running.size).toBe(0);
  });

  it('refuses what is wrong and what the lab has not', async () => {
    const lab = await openTestLab();
    expect((await create(lab, 'Bad')).status).toBe(400);
    expect((await create(lab, 'calls', { memorySize: 1 })).status).toBe(400);
    expect((await create(lab, 'calls', { memorySizeGb: 'one' })).status).toBe(400);
    expect((await create(lab, 'calls', { transitEncryptionMode: 'CLIENT' })).status).toBe(400);
    expect((await lab.send('PATCH', `${parent}/instances/calls`, {})).status).toBe(501);
    await create(lab, 'calls');
    expect((await create(lab, 'calls')).status).toBe(409);
  });

  it('says in the operation why a Redis did not start', async () => {
    const redis = { start: () => Promise.reject(new Error('no such setting')), stop: async () => undefined };
    const lab = await openTestLab({ redis });
    const done = await finished(lab, (await create(lab, 'calls')).json);
    expect(done.error.message).toBe('no such setting');
  });
});
