import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLabServer } from '../../lab/server.ts';
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
  ZONE,
} from '../support/lab-server.ts';
import { fakeImages, fakeMachines, fakeNetwork, fakeRedis } from '../support/machines.ts';

const group = { project: PROJECT, zone: ZONE, instanceGroupManager: 'g' };

/** A lab with a group of two whose state is on disk. */
async function openWithGroup() {
  const lab = await openTestLab();
  await addImage(lab, 'relay-1');
  await addTemplate(lab, 't1');
  await addTemplate(lab, 't2', { labels: { version: 'two' }, canIpForward: true });
  await addGroup(lab, 'g', 2);
  return lab;
}

describe('a lab that is started again', () => {
  it('shows the same world, under its new address, and touches no machine', async () => {
    const lab = await openWithGroup();
    const before = { members: await membersOf(lab, 'g'), log: [...lab.machines.log] };
    await lab.server.close();
    const next = await openTestLab({ folder: lab.folder, machines: lab.machines });
    const moved = JSON.parse(JSON.stringify(before.members).replaceAll(lab.url, next.url));
    expect(await membersOf(next, 'g')).toEqual(moved);
    await stable(next, 'g');
    expect(lab.machines.log).toEqual(before.log);
  });

  it('gives links its new address, also those that clients wrote with the old one', async () => {
    const lab = await openTestLab();
    await addImage(lab, 'relay-1');
    const image = (await lab.api.images.get({ project: PROJECT, image: 'relay-1' })).data.selfLink ?? '';
    expect(image.startsWith(lab.url)).toBe(true);
    const disks = [{ boot: true, initializeParams: { sourceImage: image } }];
    await addTemplate(lab, 't1', { disks });
    await lab.server.close();
    const next = await openTestLab({ folder: lab.folder });
    const { data } = await next.api.instanceTemplates.get({ project: PROJECT, instanceTemplate: 't1' });
    expect(data.properties?.disks?.[0]?.initializeParams?.sourceImage).toBe(image.replace(lab.url, next.url));
  });

  it('boots machines again that ran and do not any more, on their own disks', async () => {
    const lab = await openWithGroup();
    const { id } = await instanceOf(lab, 'relay-01');
    await lab.server.close();
    lab.machines.crash('relay-01');
    const next = await openTestLab({ folder: lab.folder, machines: lab.machines });
    await stable(next, 'g');
    expect(await instanceOf(next, 'relay-01')).toMatchObject({ id, status: 'RUNNING' });
    expect(lab.machines.log.at(-1)).toBe('boot relay-01');
  });

  it('goes on with a re-creation that was under way, whichever step it was killed at', async () => {
    for (const match of ['before the stop', 'while it boots']) {
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
      const release = match === 'while it boots' ? lab.machines.holdBoots() : () => undefined;
      const requestBody = { instances: [`zones/${ZONE}/instances/relay-01`], minimalAction: 'REPLACE' };
      await lab.api.instanceGroupManagers.applyUpdatesToInstances({ ...group, requestBody });
      if (match === 'while it boots')
        await eventually(async () =>
          (await membersOf(lab, 'g')).some(({ instanceStatus }) => instanceStatus === 'STAGING'),
        );
      await lab.server.close();
      release();
      const next = await openTestLab({ folder: lab.folder, machines: lab.machines });
      await stable(next, 'g');
      const after = await instanceOf(next, 'relay-01');
      expect(after.labels, match).toEqual({ version: 'two' });
      expect(after.id).not.toBe(before.id);
      expect(after.networkInterfaces?.[0]?.networkIP).toBe(before.networkInterfaces?.[0]?.networkIP);
      expect([...lab.machines.known.values()].filter(({ spec }) => spec.name === 'relay-01')).toHaveLength(1);
      expect((await groupOf(next, 'g')).status?.versionTarget?.isReached).toBe(false);
    }
  });

  it('starts its Redis servers again, with their settings', async () => {
    const lab = await openTestLab();
    const parent = `/redis/v1/projects/${PROJECT}/locations/us-central1/instances`;
    const redisConfigs = { 'notify-keyspace-events': 'KEA' };
    await lab.send('POST', `${parent}?instanceId=calls`, { memorySizeGb: 1, tier: 'BASIC', redisConfigs });
    await eventually(async () => (await lab.send('GET', `${parent}/calls`)).json.state === 'READY');
    await lab.server.close();
    const next = await openTestLab({ folder: lab.folder });
    expect([...next.redis.running]).toEqual([['us-central1-calls', redisConfigs]]);
  });

  it('keeps what it was told though it is killed and never closes', async () => {
    const lab = await openWithGroup();
    const state = JSON.parse(await readFile(join(lab.folder, 'state.json'), 'utf8'));
    expect(Object.keys(state.tables.instanceGroupManagers)).toHaveLength(1);
    await lab.api.networks.insert({
      project: PROJECT,
      requestBody: { name: 'n1', autoCreateSubnetworks: false },
    });
    const after = JSON.parse(await readFile(join(lab.folder, 'state.json'), 'utf8'));
    expect(Object.keys(after.tables.networks)).toHaveLength(2);
  });
});

describe('a lab that cannot start', () => {
  const options = async (folder: string) => ({
    project: 'another',
    folder,
    machines: fakeMachines(),
    images: fakeImages(),
    redis: fakeRedis(),
    network: fakeNetwork,
  });

  it('says that the folder is of another project', async () => {
    const lab = await openTestLab();
    await lab.api.networks.insert({
      project: PROJECT,
      requestBody: { name: 'n1', autoCreateSubnetworks: false },
    });
    await expect(createLabServer(await options(lab.folder))).rejects.toMatchObject({
      code: 'lab-state',
      kind: 'usage',
    });
  });

  it('says that its state is damaged', async () => {
    const lab = await openTestLab();
    await lab.server.close();
    await writeFile(join(lab.folder, 'state.json'), '{"format":');
    await expect(createLabServer(await options(lab.folder))).rejects.toMatchObject({
      code: 'lab-state',
      kind: 'usage',
    });
  });

  it('says that its port is taken', async () => {
    const lab = await openTestLab();
    const other = await openTestLab();
    await other.server.close();
    const again = await createLabServer({ ...(await options(other.folder)), project: PROJECT });
    await expect(again.listen(Number(new URL(lab.url).port))).rejects.toMatchObject({
      code: 'port-taken',
      kind: 'usage',
    });
    await again.close();
  });
});
