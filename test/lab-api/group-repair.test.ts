import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { probe } from '../../lab/groups/probe.ts';
import { countProbe, judgeMember } from '../../lab/groups/repair.ts';
import type { Health } from '../../lab/groups/types.ts';
import {
  addGroup,
  addImage,
  addTemplate,
  eventually,
  groupOf,
  instanceOf,
  membersOf,
  openTestLab,
  PROJECT,
  stable,
  type TestLab,
  ZONE,
} from '../support/lab-server.ts';

async function openWithGroup(extra: object = {}): Promise<TestLab> {
  const lab = await openTestLab();
  await addImage(lab, 'relay-1');
  await addImage(lab, 'relay-2');
  await addTemplate(lab, 't1');
  await addTemplate(lab, 't2', {}, 'relay-2');
  await addGroup(lab, 'g', 1, extra);
  return lab;
}

const templateOf = async (lab: TestLab) =>
  (await membersOf(lab, 'g'))[0]?.version?.instanceTemplate?.split('/').at(-1);
const idOf = async (lab: TestLab) => (await membersOf(lab, 'g'))[0]?.id;
const group = { project: PROJECT, zone: ZONE, instanceGroupManager: 'g' };

describe('autohealing', () => {
  it('re-creates a VM that died, with its name and address, in its own version and not the group’s new one', async () => {
    const lab = await openWithGroup();
    const before = await instanceOf(lab, 'relay-01');
    await lab.done(
      (
        await lab.api.instanceGroupManagers.patch({
          ...group,
          requestBody: { instanceTemplate: 'global/instanceTemplates/t2' },
        })
      ).data,
    );
    lab.machines.crash('relay-01');
    await eventually(async () => (await idOf(lab)) !== undefined && (await idOf(lab)) !== before.id);
    await stable(lab, 'g');
    const after = await instanceOf(lab, 'relay-01');
    expect(after.networkInterfaces?.[0]?.networkIP).toBe(before.networkInterfaces?.[0]?.networkIP);
    expect(await templateOf(lab)).toBe('t1');
    expect((await groupOf(lab, 'g')).status?.versionTarget?.isReached).toBe(false);
  });

  it('takes the group’s version when forceUpdateOnRepair says so', async () => {
    const lab = await openWithGroup({ instanceLifecyclePolicy: { forceUpdateOnRepair: 'YES' } });
    const id = await idOf(lab);
    await lab.done(
      (
        await lab.api.instanceGroupManagers.patch({
          ...group,
          requestBody: { instanceTemplate: 'global/instanceTemplates/t2' },
        })
      ).data,
    );
    lab.machines.crash('relay-01');
    await eventually(
      async () => (await idOf(lab)) !== id && (await groupOf(lab, 'g')).status?.isStable === true,
    );
    expect(await templateOf(lab)).toBe('t2');
  });

  it('re-creates a VM that somebody deleted or stopped behind the group’s back', async () => {
    const lab = await openWithGroup();
    const before = await idOf(lab);
    await lab.done(
      (await lab.api.instances.delete({ project: PROJECT, zone: ZONE, instance: 'relay-01' })).data,
    );
    await eventually(
      async () =>
        (await membersOf(lab, 'g'))[0]?.instanceStatus === 'RUNNING' && (await idOf(lab)) !== before,
    );
    await stable(lab, 'g');
    const second = await idOf(lab);
    await lab.done(
      (await lab.api.instances.stop({ project: PROJECT, zone: ZONE, instance: 'relay-01' })).data,
    );
    await eventually(
      async () => (await idOf(lab)) !== second && (await groupOf(lab, 'g')).status?.isStable === true,
    );
  });

  it('leaves a VM alone that nobody can see', async () => {
    const lab = await openWithGroup();
    const before = [...lab.machines.log];
    lab.machines.obscure('relay-01');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(lab.machines.log).toEqual(before);
  });

  it('leaves the dead dead when the group says DO_NOTHING', async () => {
    const lab = await openWithGroup({ instanceLifecyclePolicy: { defaultActionOnFailure: 'DO_NOTHING' } });
    const id = await idOf(lab);
    lab.machines.crash('relay-01');
    await eventually(async () => (await membersOf(lab, 'g'))[0]?.instanceStatus === 'TERMINATED');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await membersOf(lab, 'g'))[0]).toMatchObject({ id, currentAction: 'NONE' });
  });
});

describe('a group with a health check', () => {
  /** A group of one whose machine answers HTTP with what `status` says at the time. */
  async function openWithHealth(status: () => number, initialDelaySec = 0, extra: object = {}) {
    const lab = await openTestLab();
    await addImage(lab, 'relay-1');
    await addTemplate(lab, 't1');
    const http = createHttpServer((_request, response) => response.writeHead(status()).end());
    onTestFinished(() => void http.close());
    await new Promise<void>((resolve) => http.listen(0, '0.0.0.0', resolve));
    const { port } = http.address() as { port: number };
    const requestBody = {
      name: 'hc',
      type: 'HTTP',
      checkIntervalSec: 1,
      timeoutSec: 1,
      healthyThreshold: 1,
      unhealthyThreshold: 1,
      httpHealthCheck: { port },
    };
    await lab.done((await lab.api.healthChecks.insert({ project: PROJECT, requestBody })).data);
    const autoHealingPolicies = [{ healthCheck: 'global/healthChecks/hc', initialDelaySec }];
    const ready = addGroup(lab, 'g', 1, { autoHealingPolicies, ...extra });
    return { lab, ready };
  }
  const healthOf = async (lab: TestLab) =>
    (await membersOf(lab, 'g'))[0]?.instanceHealth?.[0]?.detailedHealthState;

  it('verifies a new VM before it is stable, and re-creates one that falls ill', async () => {
    let status = 503;
    const { lab, ready } = await openWithHealth(() => status, 3600);
    await eventually(async () => (await healthOf(lab)) === 'UNHEALTHY');
    expect((await membersOf(lab, 'g'))[0]?.currentAction).toBe('VERIFYING');
    expect((await groupOf(lab, 'g')).status?.isStable).toBe(false);
    status = 200;
    await ready;
    expect(await healthOf(lab)).toBe('HEALTHY');
    const { id } = (await membersOf(lab, 'g'))[0] ?? {};
    await lab.done(
      (
        await lab.api.instanceGroupManagers.patch({
          ...group,
          requestBody: {
            autoHealingPolicies: [{ healthCheck: 'global/healthChecks/hc', initialDelaySec: 0 }],
          },
        })
      ).data,
    );
    status = 503;
    await eventually(async () => (await idOf(lab)) !== undefined && (await idOf(lab)) !== id);
    status = 200;
    await stable(lab, 'g');
  });

  it('watches a VM fall ill and lets it live when it is told DO_NOTHING', async () => {
    let status = 200;
    const { lab, ready } = await openWithHealth(() => status, 0, {
      instanceLifecyclePolicy: { onFailedHealthCheck: 'DO_NOTHING' },
    });
    await ready;
    const before = [...lab.machines.log];
    status = 503;
    await eventually(async () => (await healthOf(lab)) === 'UNHEALTHY');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(lab.machines.log).toEqual(before);
    expect((await membersOf(lab, 'g'))[0]?.currentAction).toBe('NONE');
  });
});

describe('the verdict on a member', () => {
  const healthy: Health = { state: 'HEALTHY', successes: 2, failures: 0 };
  const unhealthy: Health = { state: 'UNHEALTHY', successes: 0, failures: 2 };
  const unknown: Health = { state: 'UNKNOWN', successes: 0, failures: 0 };
  const policy = {
    autoHealingPolicies: [{ healthCheck: 'x', initialDelaySec: 10 }],
    instanceLifecyclePolicy: {},
  };
  const atOnce = { ...policy, autoHealingPolicies: [{ healthCheck: 'x' }] };
  const doNothing = { ...policy, instanceLifecyclePolicy: { onFailedHealthCheck: 'DO_NOTHING' } };
  const seen = {
    action: 'NONE',
    status: 'RUNNING',
    runningMs: 60_000,
    health: healthy,
    probeMs: 5_000,
  } as const;

  it.each([
    ['a healthy VM stays', seen, policy, 'stay'],
    ['an unhealthy VM is repaired', { ...seen, health: unhealthy }, policy, 'repair'],
    [
      'an unhealthy VM stays within its initial delay',
      { ...seen, health: unhealthy, runningMs: 9_999 },
      policy,
      'stay',
    ],
    [
      'an unhealthy VM stays when the group says DO_NOTHING',
      { ...seen, health: unhealthy },
      doNothing,
      'stay',
    ],
    [
      'a dead VM is repaired even within its initial delay',
      { ...seen, status: 'TERMINATED', runningMs: 0 },
      policy,
      'repair',
    ],
    [
      'an ill VM stays until a probe’s interval has passed',
      { ...seen, health: unhealthy, runningMs: 4_999 },
      atOnce,
      'stay',
    ],
    ['a VM that is gone is repaired', { ...seen, status: undefined }, policy, 'repair'],
    ['a VM of unknown health stays', { ...seen, health: unknown }, policy, 'stay'],
    ['a new VM is verified by its first health', { ...seen, action: 'VERIFYING' }, policy, 'verified'],
    [
      'a new VM is not verified by unknown health',
      { ...seen, action: 'VERIFYING', health: unknown },
      policy,
      'stay',
    ],
    [
      'a VM that is being worked on is left to that',
      { ...seen, action: 'RECREATING', status: undefined },
      policy,
      'stay',
    ],
    ['a VM that stops is left to that', { ...seen, status: 'STOPPING' }, policy, 'stay'],
  ] as const)('%s', (_rule, member, rules, kind) => {
    expect(judgeMember(member, rules as never).kind).toBe(kind);
  });

  it('never turns UNHEALTHY before as many failures in a row as the threshold says', () => {
    const probes = fc.array(fc.constantFrom('HEALTHY', 'UNHEALTHY', 'TIMEOUT'), { maxLength: 30 });
    fc.assert(
      fc.property(probes, fc.integer({ min: 1, max: 5 }), (results, threshold) => {
        let health = unknown;
        let row = 0;
        for (const result of results) {
          row = result === 'HEALTHY' ? 0 : row + 1;
          const next = countProbe(health, result, 2, threshold);
          const turned = next.state !== health.state && next.state !== 'HEALTHY';
          if (turned) expect(row).toBeGreaterThanOrEqual(threshold);
          health = next;
        }
      }),
    );
  });
});

describe('a probe', () => {
  const listen = async (answer: string | undefined): Promise<number> => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      if (answer !== undefined) socket.on('data', () => socket.end(answer));
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as { port: number }).port;
  };
  const http = (port: number, response?: string) => ({
    type: 'HTTP',
    timeoutSec: 1,
    httpHealthCheck: { port, requestPath: '/healthz', ...(response ? { response } : {}) },
  });

  it('is HEALTHY on a 200, UNHEALTHY on another status, another body or a closed port', async () => {
    const good = await listen('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const bad = await listen('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n');
    expect(await probe(http(good), '127.0.0.1')).toBe('HEALTHY');
    expect(await probe(http(good, 'ok'), '127.0.0.1')).toBe('HEALTHY');
    expect(await probe(http(good, 'no'), '127.0.0.1')).toBe('UNHEALTHY');
    expect(await probe(http(bad), '127.0.0.1')).toBe('UNHEALTHY');
    expect(await probe(http(1), '127.0.0.1')).toBe('UNHEALTHY');
  });

  it('is TIMEOUT when nobody answers in time', async () => {
    expect(await probe(http(await listen(undefined)), '127.0.0.1')).toBe('TIMEOUT');
  });

  it('by TCP is HEALTHY when the connection opens', async () => {
    const port = await listen(undefined);
    const tcp = (at: number) => ({ type: 'TCP', timeoutSec: 1, tcpHealthCheck: { port: at } });
    expect(await probe(tcp(port), '127.0.0.1')).toBe('HEALTHY');
    expect(await probe(tcp(1), '127.0.0.1')).toBe('UNHEALTHY');
  });
});
