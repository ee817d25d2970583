import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadContract } from '../../lab/contract.ts';
import { isFleetError } from '../../lib/errors.ts';
import { hideDetails } from '../../lib/gce/auth.ts';
import { isAmbiguous, isRateLimited, judge, type Refusal, refusalOf } from '../../lib/gce/errors.ts';
import { type Clock, pauseBefore } from '../../lib/gce/retry.ts';
import { connectGce, type Gce, type GceOptions, WITHOUT_REQUEST_ID } from '../../lib/gce.ts';
import { deadPlace } from '../support/free-port.ts';
import {
  addGroup,
  addImage,
  addTemplate,
  openTestLab,
  PROJECT,
  type TestLab,
  ZONE,
} from '../support/lab-server.ts';

/** Pauses end at once and are noted. */
function fastClock(): Clock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return { now: Date.now, random: () => 0.5, sleep: async (ms) => void pauses.push(ms), pauses };
}

async function open(
  options: Partial<GceOptions> = {},
): Promise<{ lab: TestLab; gce: Gce; clock: ReturnType<typeof fastClock> }> {
  const lab = await openTestLab();
  const clock = fastClock();
  const gce = await connectGce({ project: PROJECT, endpoint: lab.url, clock, ...options });
  onTestFinished(() => gce.close());
  return { lab, gce, clock };
}

const fault = (lab: TestLab, body: object) => lab.send('POST', '/lab/v1/faults', body);

const errorOf = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isFleetError(error)) throw new Error(`no FleetError but ${String(error)}`);
  return error;
};

describe('calls', () => {
  it('fill in the project, and answer with the resource', async () => {
    const { lab, gce } = await open();
    await addImage(lab, 'relay-1', { family: 'f' });
    expect(await gce.call('images', 'getFromFamily', { family: 'f' })).toMatchObject({
      name: 'relay-1',
      status: 'READY',
    });
  });

  it('list whole, over all pages', async () => {
    const { lab, gce } = await open();
    for (const name of ['a', 'b', 'c']) await addImage(lab, name);
    const images = await gce.call('images', 'list', { maxResults: 1 });
    expect(images.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('list over all zones', async () => {
    const { lab, gce } = await open();
    await addImage(lab, 'relay-1');
    await addTemplate(lab, 't1', { labels: { fleet: 'a' } });
    await addGroup(lab, 'g', 2);
    const found = await gce.aggregated('instances', { filter: 'labels.fleet=a' });
    expect(found.flatMap(([, { instances }]) => instances ?? [])).toHaveLength(2);
    const groups = await gce.aggregated('instanceGroupManagers', {});
    const [scope] = groups.find(([, list]) => (list.instanceGroupManagers ?? []).length > 0) ?? [];
    expect(scope).toBe(`zones/${ZONE}`);
  });

  it('do what a rollout does: point, apply, watch, label', async () => {
    const { lab, gce } = await open();
    await addImage(lab, 'relay-1');
    for (const name of ['t1', 't2'])
      await addTemplate(lab, name, {
        metadata: { items: [{ key: 'from', value: name }] },
        canIpForward: name === 't2',
      });
    await addGroup(lab, 'g', 1);
    const group = { zone: ZONE, instanceGroupManager: 'g' };
    const instanceGroupManagerResource = { instanceTemplate: 'global/instanceTemplates/t2' };
    await gce.done(
      await gce.call('instanceGroupManagers', 'patch', { ...group, instanceGroupManagerResource }),
    );
    const [before] = await gce.call('instanceGroupManagers', 'listManagedInstances', group);
    const instanceGroupManagersApplyUpdatesRequestResource = {
      instances: [before?.instance ?? ''],
      minimalAction: 'REPLACE',
    };
    await gce.done(
      await gce.call('instanceGroupManagers', 'applyUpdatesToInstances', {
        ...group,
        instanceGroupManagersApplyUpdatesRequestResource,
      }),
    );
    await expect
      .poll(async () => (await gce.call('instanceGroupManagers', 'get', group)).status?.isStable)
      .toBe(true);
    const [after] = await gce.call('instanceGroupManagers', 'listManagedInstances', group);
    expect(after?.name).toBe(before?.name);
    expect(after?.id).not.toBe(before?.id);
    const which = { zone: ZONE, instance: after?.name ?? '' };
    const { labelFingerprint, labels } = await gce.call('instances', 'get', which);
    const instancesSetLabelsRequestResource = {
      labels: { ...labels, mine: 'x' },
      labelFingerprint: labelFingerprint ?? '',
    };
    await gce.done(await gce.call('instances', 'setLabels', { ...which, instancesSetLabelsRequestResource }));
    expect((await gce.call('instances', 'get', which)).labels).toMatchObject({ mine: 'x' });
  });
});

describe('what is sent again', () => {
  it('a read that met 503, 500 or 429', async () => {
    const { lab, gce, clock } = await open();
    for (const status of [503, 500, 429])
      await fault(lab, { match: 'compute.images.list', status, times: 1 });
    expect(await gce.call('images', 'list', {})).toEqual([]);
    expect(clock.pauses).toHaveLength(3);
  });

  it('any call that met the request quota, which GCE words as 403', async () => {
    const { lab, gce, clock } = await open();
    await fault(lab, {
      match: 'compute.networks.insert',
      status: 403,
      reason: 'rateLimitExceeded',
      times: 2,
    });
    await gce.done(
      await gce.call('networks', 'insert', { networkResource: { name: 'n1', autoCreateSubnetworks: false } }),
    );
    expect(clock.pauses.filter((pause) => pause >= 1_000)).toHaveLength(2);
  });

  it('a mutation whose reply was lost: it is carried out once', async () => {
    const { lab, gce } = await open();
    await fault(lab, { match: 'compute.networks.insert', loseReply: true, times: 2 });
    await gce.done(
      await gce.call('networks', 'insert', { networkResource: { name: 'n1', autoCreateSubnetworks: false } }),
    );
    expect(await gce.call('globalOperations', 'list', { filter: 'operationType=insert' })).toHaveLength(1);
  });

  it('never applyUpdatesToInstances after a lost reply: the caller has to look', async () => {
    const { lab, gce, clock } = await open();
    await addImage(lab, 'relay-1');
    await addTemplate(lab, 't1');
    await addGroup(lab, 'g', 1);
    await fault(lab, {
      match: 'compute.instanceGroupManagers.applyUpdatesToInstances',
      loseReply: true,
      times: 1,
    });
    const instanceGroupManagersApplyUpdatesRequestResource = { allInstances: true, minimalAction: 'REPLACE' };
    const request = {
      zone: ZONE,
      instanceGroupManager: 'g',
      instanceGroupManagersApplyUpdatesRequestResource,
    };
    const error = await errorOf(gce.call('instanceGroupManagers', 'applyUpdatesToInstances', request));
    expect(error).toMatchObject({ kind: 'retry', code: 'gce-unavailable' });
    expect(clock.pauses).toEqual([]);
  });

  it('only methods of the contract that take a requestId', () => {
    const { routes, messages } = loadContract();
    const services = [
      'images',
      'instanceTemplates',
      'instances',
      'instanceGroupManagers',
      'networks',
      'subnetworks',
      'firewalls',
      'routers',
      'addresses',
      'healthChecks',
      'projects',
    ];
    const without = routes.flatMap(({ apiName, verb, request, response }) => {
      const [, service = '', method] = apiName.split('.');
      const mutates = verb !== 'get' && response === 'Operation';
      return services.includes(service) && mutates && !messages.get(request)?.has('requestId')
        ? [`${service}.${method}`]
        : [];
    });
    expect(new Set(without)).toEqual(WITHOUT_REQUEST_ID);
  });

  it('nothing once the deadline is near', () => {
    const refusals: fc.Arbitrary<Refusal> = fc.record({
      status: fc.constantFrom(undefined, 400, 401, 403, 404, 408, 409, 412, 429, 500, 501, 502, 503, 504),
      reason: fc.constantFrom(
        undefined,
        'rateLimitExceeded',
        'quotaExceeded',
        'forbidden',
        'conditionNotMet',
      ),
      message: fc.constant(''),
      timedOut: fc.boolean(),
    });
    fc.assert(
      fc.property(
        refusals,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.boolean(),
        (refusal, attempt, left, repeatable) => {
          const clock = { now: () => 1_000_000, sleep: async () => undefined, random: () => 0.999 };
          const pause = pauseBefore(refusal, attempt, { repeatable, deadline: 1_000_000 + left }, clock);
          if (pause === undefined) return;
          expect(pause).toBeLessThan(left);
          expect(isRateLimited(refusal) || (repeatable && isAmbiguous(refusal))).toBe(true);
          expect(judge(refusal).kind).toBe('retry');
        },
      ),
    );
  });
});

describe('errors', () => {
  it.each([
    [404, undefined, 'hold', 'gce-not-found'],
    [409, 'alreadyExists', 'hold', 'gce-already-exists'],
    [409, 'resourceInUse', 'hold', 'gce-conflict'],
    [412, 'conditionNotMet', 'retry', 'gce-precondition'],
    [400, 'invalid', 'stop', 'gce-bad-request'],
    [401, 'authError', 'stop', 'gce-denied'],
    [403, 'forbidden', 'stop', 'gce-denied'],
    [403, 'quotaExceeded', 'hold', 'gce-quota'],
    [501, 'notImplemented', 'stop', 'gce-unsupported'],
  ] as const)('%i %s is %s, %s', async (status, reason, kind, code) => {
    const { lab, gce } = await open();
    await fault(lab, {
      match: 'compute.images.get',
      status,
      ...(reason ? { reason } : {}),
      message: 'The sentence of GCE.',
    });
    const error = await errorOf(gce.call('images', 'get', { image: 'x' }));
    expect(error).toMatchObject({
      kind,
      code,
      facts: { call: 'images.get', status, ...(reason ? { reason } : {}) },
    });
    expect(error.message).toBe('GCE refused compute.images.get: The sentence of GCE.');
  });

  it('tell a quota from a denial though both are 403, when retries are used up', async () => {
    const { lab, gce } = await open();
    await fault(lab, { match: 'compute.images.get', status: 403, reason: 'rateLimitExceeded' });
    const error = await errorOf(gce.call('images', 'get', { image: 'x' }, { withinMs: 100 }));
    expect(error).toMatchObject({ kind: 'retry', code: 'gce-rate-limited' });
  });

  it('of a server that does not answer: a timeout, within the deadline', async () => {
    const { lab, gce } = await open();
    await fault(lab, { match: 'compute.images.get', hang: true });
    const error = await errorOf(gce.call('images', 'get', { image: 'x' }, { attemptMs: 50, withinMs: 50 }));
    expect(error).toMatchObject({ kind: 'retry', code: 'gce-timeout' });
  });

  it('of a server that is not there', async () => {
    const { host, port } = await deadPlace();
    const gce = await connectGce({ project: PROJECT, endpoint: `http://${host}:${port}` });
    const error = await errorOf(gce.call('images', 'list', {}, { withinMs: 10 }));
    expect(error).toMatchObject({ kind: 'retry', code: 'gce-unavailable' });
  });

  it('give up when the caller does', async () => {
    const { lab, gce } = await open();
    await fault(lab, { match: 'compute.images.list', status: 503 });
    const controller = new AbortController();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(gce.call('images', 'list', {}, { signal: controller.signal })).rejects.toBe(reason);
  });

  it('of a project without credentials: rejected before the first call, not a dead process', async () => {
    process.env.GOOGLE_APPLICATION_CREDENTIALS = '/nonexistent/credentials.json';
    onTestFinished(() => void delete process.env.GOOGLE_APPLICATION_CREDENTIALS);
    expect(await errorOf(connectGce({ project: PROJECT }))).toMatchObject({
      kind: 'stop',
      code: 'gce-denied',
    });
  });
});

describe('details of an error', () => {
  it('are not decoded by the client, and their reason is read all the same', async () => {
    const { lab, gce } = await open();
    await fault(lab, { match: 'compute.images.get', status: 403, reason: 'rateLimitExceeded' });
    const error = await errorOf(gce.call('images', 'get', { image: 'x' }, { withinMs: 100 }));
    expect(error.cause).toMatchObject({ httpStatusCode: 403 });
    expect((error.cause as { statusDetails?: unknown }).statusDetails).toBeUndefined();
    expect(error.facts.reason).toBe('rateLimitExceeded');
  });

  it('are hidden only where there are some', () => {
    const info = {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'CONCURRENT_OPERATIONS_QUOTA_EXCEEDED',
    };
    const hidden = hideDetails(JSON.stringify({ error: { code: 403, message: 'm', details: [info] } }));
    expect(JSON.parse(hidden).error).not.toHaveProperty('details');
    const thrown = Object.assign(new Error('m'), {
      httpStatusCode: 403,
      [Symbol.for('google-gax.rawHttpResponsePayload')]: hidden,
    });
    expect(refusalOf(thrown)).toMatchObject({ status: 403, reason: 'CONCURRENT_OPERATIONS_QUOTA_EXCEEDED' });
    for (const text of ['', '<html>', '{"error":{"code":1}}', 'null', '[]'])
      expect(hideDetails(text)).toBe(text);
  });
});

describe('done', () => {
  const insert = (gce: Gce) =>
    gce.call('networks', 'insert', { networkResource: { name: 'n1', autoCreateSubnetworks: false } });

  it('throws what went wrong inside the operation', async () => {
    const { lab, gce } = await open();
    await fault(lab, {
      match: 'compute.networks.insert',
      operation: { code: 'QUOTA_EXCEEDED', message: 'No more networks.' },
      times: 1,
    });
    const error = await errorOf(gce.done(await insert(gce)));
    expect(error).toMatchObject({
      kind: 'hold',
      code: 'gce-operation-failed',
      facts: { reason: 'QUOTA_EXCEEDED' },
    });
    expect(error.message).toBe('GCE could not finish insert of n1: No more networks.');
  });

  it('calls a failure temporary when GCE does', async () => {
    const { lab, gce } = await open();
    await fault(lab, {
      match: 'compute.networks.insert',
      operation: { code: 'ZONE_RESOURCE_POOL_EXHAUSTED' },
      times: 1,
    });
    expect(await errorOf(gce.done(await insert(gce)))).toMatchObject({ kind: 'retry' });
  });

  it('ends at its deadline though the operation goes on', async () => {
    const { lab, gce } = await open();
    await fault(lab, { match: 'compute.networks.insert', operation: { delayMs: 60_000 }, times: 1 });
    const operation = await insert(gce);
    expect(await errorOf(gce.done(operation, { withinMs: 50 }))).toMatchObject({
      kind: 'retry',
      code: 'gce-timeout',
    });
  });

  it('waits in the scope that the operation lives in', async () => {
    const { gce } = await open();
    const addressResource = { name: 'ip', addressType: 'INTERNAL' };
    const done = await gce.done(
      await gce.call('addresses', 'insert', { region: 'us-central1', addressResource }),
    );
    expect(done).toMatchObject({ status: 'DONE', region: expect.stringMatching(/us-central1$/) });
  });
});
