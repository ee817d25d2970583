/** What stands in the lab for a machine with Redis: made by `lab apply`, at the machine's address, with the password of its secret. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { makerOf } from '../../lab/apply/kinds.ts';
import { ensureRedisVm } from '../../lab/apply/redis-machine.ts';
import { computePath, connectRest } from '../../lab/apply/rest.ts';
import { applyToLab } from '../../lab/apply.ts';
import { openLab as openApplyLab } from '../apply/lab.ts';
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

test('`lab apply` of a fleet with such a machine gives a Redis at its reserved address', {
  timeout: 120_000,
}, async () => {
  const lab = await openApplyLab();
  onTestFinished(lab.close);
  const image = 'rtpengine-mr12-5-1-31-debian-13-aaaaaaaa';
  await lab.addImage(image);
  const rest = connectRest({ endpoint: lab.endpoint, project: lab.project });
  const secrets = `/v1/projects/${lab.project}/secrets`;
  await rest.send('POST', `${secrets}?secretId=redis`, { replication: { automatic: {} } });
  await rest.send('POST', `${secrets}/redis:addVersion`, { payload: { data: 'aHVzaA==' } });
  const fleetFile = join(lab.folder, 'vm.yaml');
  const cloud = { project: lab.project, region: REGION, zones: [ZONE, 'us-central1-b'] };
  const redis = { kind: 'vm', secret: `projects/${lab.project}/secrets/redis/versions/latest` };
  const parts = { image: { version: 'mr12.5.1.31' }, network: { externalAddresses: 'none' } };
  await writeFile(fleetFile, stringify({ name: 'vm', cloud, redis, ...parts }));
  const { outputs, resources } = await applyToLab({ fleetFile, image, lab });
  const { address } =
    (await rest.get(computePath(lab.project, `regions/${REGION}/addresses/vm-redis`))) ?? {};
  expect(outputs.redis).toMatchObject({ host: address, control: `${address}:6379/6` });
  expect(resources.map(({ what }) => what)).toContainEqual(
    expect.stringContaining('redis-server in place of machine vm-redis'),
  );
});
