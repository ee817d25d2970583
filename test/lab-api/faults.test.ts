import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { instanceOf, openTestLab, PROJECT, refused, type TestLab, ZONE } from '../support/lab-server.ts';

const fault = (lab: TestLab, body: object) => lab.send('POST', '/lab/v1/faults', body);
const list = (lab: TestLab) => lab.api.images.list({ project: PROJECT });
const network = (name: string) => ({ project: PROJECT, requestBody: { name, autoCreateSubnetworks: false } });

describe('faults on request', () => {
  it('answer with a status as often as asked, then no more', async () => {
    const lab = await openTestLab();
    await fault(lab, { match: 'compute.images.*', status: 503, times: 2 });
    expect((await refused(list(lab))).status).toBe(503);
    expect((await refused(list(lab))).status).toBe(503);
    expect((await list(lab)).status).toBe(200);
  });

  it('are quota errors as GCE words them: 403 with an ErrorInfo', async () => {
    const lab = await openTestLab();
    await fault(lab, { match: 'compute.images.list', status: 403, reason: 'rateLimitExceeded', times: 1 });
    const { status, json } = await lab.send('GET', `/compute/v1/projects/${PROJECT}/global/images`);
    expect(status).toBe(403);
    expect(json.error.errors[0]).toMatchObject({ domain: 'usageLimits', reason: 'rateLimitExceeded' });
    expect(json.error.details[0]).toMatchObject({
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'RATE_LIMIT_EXCEEDED',
    });
  });

  it('take out a zone by its path, and nothing else', async () => {
    const lab = await openTestLab();
    await fault(lab, { match: `* /compute/v1/projects/*/zones/${ZONE}/*`, status: 503 });
    expect((await refused(instanceOf(lab, 'x'))).status).toBe(503);
    expect((await lab.api.instances.list({ project: PROJECT, zone: 'us-central1-b' })).status).toBe(200);
  });

  it('lose a reply after the work was done: the same requestId finds it', async () => {
    const lab = await openTestLab();
    await fault(lab, { match: 'compute.networks.insert', loseReply: true, times: 1 });
    const requestId = randomUUID();
    await expect(lab.api.networks.insert({ ...network('n1'), requestId })).rejects.toThrow();
    const { data } = await lab.api.networks.insert({ ...network('n1'), requestId });
    expect((await lab.done(data)).error).toBeUndefined();
  });

  it('reset the connection before anything was done', async () => {
    const lab = await openTestLab();
    await fault(lab, { match: 'compute.networks.insert', reset: true, times: 1 });
    await expect(lab.api.networks.insert(network('n1'))).rejects.toThrow();
    expect((await refused(lab.api.networks.get({ project: PROJECT, network: 'n1' }))).status).toBe(404);
  });

  it('never answer', async () => {
    const lab = await openTestLab();
    await fault(lab, { match: 'compute.images.list', hang: true, times: 1 });
    await expect(
      lab.api.images.list({ project: PROJECT }, { signal: AbortSignal.timeout(50) }),
    ).rejects.toThrow();
  });

  it('make an operation fail, or slow', async () => {
    const lab = await openTestLab();
    await fault(lab, {
      match: 'compute.networks.insert',
      times: 1,
      operation: { delayMs: 50, code: 'QUOTA_EXCEEDED', message: 'No more.' },
    });
    const { data } = await lab.api.networks.insert(network('n1'));
    expect((await lab.done(data)).error?.errors).toEqual([{ code: 'QUOTA_EXCEEDED', message: 'No more.' }]);
  });

  it('are listed with what is left of them, and cleared', async () => {
    const lab = await openTestLab();
    await fault(lab, { match: 'a', times: 3, status: 500 });
    expect((await lab.send('GET', '/lab/v1/faults')).json.faults).toEqual([
      { match: 'a', times: 3, status: 500 },
    ]);
    expect((await lab.send('DELETE', '/lab/v1/faults')).json.faults).toEqual([]);
  });

  it.each([{}, { match: 'a', stauts: 500 }, { match: 'a', status: 'x' }, null])(
    'are refused when malformed: %j',
    async (body) => {
      const lab = await openTestLab();
      expect((await fault(lab, body as object)).status).toBe(400);
      expect((await lab.send('GET', '/lab/v1/faults')).json.faults).toEqual([]);
    },
  );

  it('the lab says what there is', async () => {
    const lab = await openTestLab();
    expect((await lab.send('GET', '/lab/v1/status')).json).toMatchObject({
      project: PROJECT,
      instances: [],
      groups: [],
      faults: [],
    });
    expect((await lab.send('GET', '/lab/v1/nothing')).status).toBe(404);
  });
});
