/** What stands in the lab for a machine with Redis: made by `lab apply`, at the machine's address, with the password of its secret. */
import { expect, test } from 'vitest';
import { makerOf } from '../../lab/apply/kinds.ts';
import { ensureRedisVm } from '../../lab/apply/redis-machine.ts';
import { connectRest } from '../../lab/apply/rest.ts';
import { openTestLab, PROJECT, REGION, type TestLab, ZONE } from '../support/lab-server.ts';

const secret = `projects/${PROJECT}/secrets/redis/versions/latest`;

async function openLab(): Promise<{ lab: TestLab; address: string }> {
  const lab = await openTestLab();
  const parent = `/v1/projects/${PROJECT}/secrets`;
  await lab.send('POST', `${parent}?secretId=redis`, { replication: { automatic: {} } });
  const payload = { data: Buffer.from('hush').toString('base64') };
  await lab.send('POST', `${parent}/redis:addVersion`, { payload });
  const requestBody = { name: 'demo-redis', addressType: 'INTERNAL' };
  const { data } = await lab.api.addresses.insert({ project: PROJECT, region: REGION, requestBody });
  await lab.done(data);
  const made = await lab.api.addresses.get({ project: PROJECT, region: REGION, address: 'demo-redis' });
  return { lab, address: made.data.address ?? '' };
}

/** As the Pulumi program declares it. */
function machineAt(networkIp: string, more: object = {}) {
  return {
    ...{ name: 'demo-redis', zone: ZONE, machineType: 'e2-small', bootDisk: {} },
    networkInterfaces: [{ networkIp }],
    labels: { 'rtpfleet-role': 'redis' },
    metadata: { 'rtpfleet-redis-secret': `http://169.254.169.254/v1/${secret}:access` },
    ...more,
  };
}

test('a real server stands for it, once, and is told as what it is', async () => {
  const { lab, address } = await openLab();
  const rest = connectRest({ endpoint: lab.url, project: PROJECT });
  const first = await ensureRedisVm(rest, machineAt(address));
  expect(first).toMatchObject({
    change: { kind: 'created' },
    what: expect.stringContaining('redis-server in place of machine demo-redis, at '),
  });
  expect(lab.redis.wishes.get(`${ZONE}-demo-redis`)).toEqual({
    config: { 'notify-keyspace-events': 'KEA', 'maxmemory-policy': 'noeviction' },
    password: 'hush',
    host: address,
  });
  expect((await ensureRedisVm(rest, machineAt(address))).change).toEqual({ kind: 'unchanged' });
  // No instance of that name: there is no machine.
  expect((await lab.api.instances.list({ project: PROJECT, zone: ZONE })).data.items ?? []).toEqual([]);
});

test('another one of the same name, and an address that nobody reserved, are refused', async () => {
  const { lab, address } = await openLab();
  const rest = connectRest({ endpoint: lab.url, project: PROJECT });
  await ensureRedisVm(rest, machineAt(address));
  await expect(ensureRedisVm(rest, machineAt(address, { zone: 'us-central1-b' }))).rejects.toThrow(
    'demo-redis is there already',
  );
  await expect(ensureRedisVm(rest, machineAt('10.1.2.3', { name: 'other' }))).rejects.toThrow('reserved');
});

test('a machine, or a disk, for anything else is of no kind that the lab knows', () => {
  for (const type of ['gcp:compute/instance:Instance', 'gcp:compute/disk:Disk']) {
    expect(makerOf(type, { labels: { 'rtpfleet-role': 'redis' } })).toBeDefined();
    for (const labels of [{}, undefined, { 'rtpfleet-role': 'relay' }])
      expect(makerOf(type, { labels })).toBeUndefined();
  }
});
