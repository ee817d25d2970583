import { describe, expect, it } from 'vitest';
import {
  addImage,
  addTemplate,
  instanceOf,
  openTestLab,
  PROJECT,
  refused,
  type TestLab,
  ZONE,
} from '../support/lab-server.ts';

const at = { project: PROJECT, zone: ZONE };

async function openWithTemplate(properties: object = {}): Promise<TestLab> {
  const lab = await openTestLab();
  await addImage(lab, 'relay-1');
  await addTemplate(lab, 't1', properties);
  return lab;
}

const create = async (lab: TestLab, name: string, requestBody: object = {}) =>
  lab.done(
    (
      await lab.api.instances.insert({
        ...at,
        sourceInstanceTemplate: 'global/instanceTemplates/t1',
        requestBody: { name, ...requestBody },
      })
    ).data,
  );

const setLabels = async (lab: TestLab, labels: Record<string, string>, labelFingerprint: string) =>
  lab.done(
    (await lab.api.instances.setLabels({ ...at, instance: 'vm1', requestBody: { labels, labelFingerprint } }))
      .data,
  );

describe('instances', () => {
  it('boot a machine of their own, with what the template says and the request adds', async () => {
    const lab = await openWithTemplate({
      labels: { fleet: 'a' },
      metadata: { items: [{ key: 'k', value: 'v' }] },
    });
    await create(lab, 'vm1', { labels: { extra: 'b' } });
    const vm = await instanceOf(lab, 'vm1');
    expect(vm).toMatchObject({ status: 'RUNNING', labels: { fleet: 'a', extra: 'b' } });
    expect(vm.metadata?.items).toEqual([{ key: 'k', value: 'v' }]);
    expect([...lab.machines.known.values()]).toEqual([
      {
        state: 'running',
        spec: expect.objectContaining({
          id: vm.id,
          name: 'vm1',
          zone: ZONE,
          address: vm.networkInterfaces?.[0]?.networkIP,
        }),
      },
    ]);
  });

  it('are made from a whole request too, as gcloud sends it', async () => {
    const lab = await openWithTemplate();
    const requestBody = {
      name: 'vm1',
      machineType: `zones/${ZONE}/machineTypes/e2-small`,
      disks: [
        {
          boot: true,
          initializeParams: {
            sourceImage: `https://www.googleapis.com/compute/v1/projects/${PROJECT}/global/images/relay-1`,
          },
        },
      ],
      networkInterfaces: [{ accessConfigs: [{ type: 'ONE_TO_ONE_NAT' }] }],
    };
    await lab.done((await lab.api.instances.insert({ ...at, requestBody })).data);
    const [nic] = (await instanceOf(lab, 'vm1')).networkInterfaces ?? [];
    expect(nic?.accessConfigs?.[0]?.natIP).toBe(nic?.networkIP);
  });

  it('stop, start and reset on the same disk and address, and go with their disk when deleted', async () => {
    const lab = await openWithTemplate();
    await create(lab, 'vm1');
    const before = await instanceOf(lab, 'vm1');
    await lab.done((await lab.api.instances.stop({ ...at, instance: 'vm1' })).data);
    expect((await instanceOf(lab, 'vm1')).status).toBe('TERMINATED');
    expect(await refused(lab.api.instances.reset({ ...at, instance: 'vm1' }))).toMatchObject({
      status: 400,
      reason: 'resourceNotReady',
    });
    await lab.done((await lab.api.instances.start({ ...at, instance: 'vm1' })).data);
    await lab.done((await lab.api.instances.reset({ ...at, instance: 'vm1' })).data);
    const after = await instanceOf(lab, 'vm1');
    expect(after).toMatchObject({ status: 'RUNNING', id: before.id ?? '' });
    expect(after.networkInterfaces?.[0]?.networkIP).toBe(before.networkInterfaces?.[0]?.networkIP);
    await lab.done((await lab.api.instances.delete({ ...at, instance: 'vm1' })).data);
    expect(await refused(instanceOf(lab, 'vm1'))).toMatchObject({ status: 404 });
    expect(lab.machines.log).toEqual([
      'boot vm1',
      'stop vm1',
      'boot vm1',
      'stop vm1',
      'boot vm1',
      'stop vm1',
      'destroy vm1',
    ]);
  });

  it('do not get the address of one that has just gone', async () => {
    const lab = await openWithTemplate();
    const address = async (name: string) => (await instanceOf(lab, name)).networkInterfaces?.[0]?.networkIP;
    await create(lab, 'vm1');
    const first = await address('vm1');
    await lab.done((await lab.api.instances.delete({ ...at, instance: 'vm1' })).data);
    await create(lab, 'vm1');
    expect(await address('vm1')).not.toBe(first);
  });

  it('take labels and metadata only with the present fingerprint', async () => {
    const lab = await openWithTemplate();
    await create(lab, 'vm1');
    const { labelFingerprint = '', metadata } = await instanceOf(lab, 'vm1');
    const label = (fingerprint: string) =>
      lab.api.instances.setLabels({
        ...at,
        instance: 'vm1',
        requestBody: { labels: { a: '1' }, labelFingerprint: fingerprint },
      });
    await lab.done((await label(labelFingerprint ?? '')).data);
    const blind = lab.api.instances.setLabels({ ...at, instance: 'vm1', requestBody: { labels: {} } });
    expect(await refused(blind)).toMatchObject({ status: 412 });
    expect(await refused(label(labelFingerprint ?? ''))).toMatchObject({
      status: 412,
      reason: 'conditionNotMet',
    });
    const items = [{ key: 'k', value: 'v' }];
    const set = (fingerprint: string) =>
      lab.api.instances.setMetadata({ ...at, instance: 'vm1', requestBody: { items, fingerprint } });
    await lab.done((await set(metadata?.fingerprint ?? '')).data);
    expect((await instanceOf(lab, 'vm1')).metadata?.items).toEqual(items);
    expect(await refused(set(metadata?.fingerprint ?? ''))).toMatchObject({ status: 412 });
  });

  it('take a fingerprint in the URL-safe alphabet too, as gcloud writes it', async () => {
    const lab = await openWithTemplate();
    await create(lab, 'vm1');
    let { labelFingerprint } = await instanceOf(lab, 'vm1');
    for (let count = 0; !/[+/]/.test(labelFingerprint ?? ''); count++) {
      await setLabels(lab, { count: `${count}` }, labelFingerprint ?? '');
      ({ labelFingerprint } = await instanceOf(lab, 'vm1'));
    }
    const urlSafe = (labelFingerprint ?? '').replaceAll('+', '-').replaceAll('/', '_');
    await setLabels(lab, { done: 'yes' }, urlSafe);
    expect((await instanceOf(lab, 'vm1')).labels).toEqual({ done: 'yes' });
  });

  it.each([
    ['upper case', { Fleet: 'a' }],
    ['a dot', { fleet: 'a.b' }],
    ['more than 63 characters', { fleet: 'a'.repeat(64) }],
  ])('refuse labels with %s', async (_what, labels) => {
    const lab = await openWithTemplate();
    await create(lab, 'vm1');
    const { labelFingerprint } = await instanceOf(lab, 'vm1');
    const requestBody = { labels, labelFingerprint: labelFingerprint ?? '' };
    expect(
      await refused(
        lab.api.instances.setLabels({ ...at, instance: 'vm1', requestBody: requestBody as never }),
      ),
    ).toMatchObject({ status: 400 });
  });

  it('are listed over all zones with a filter', async () => {
    const lab = await openWithTemplate();
    await create(lab, 'vm1', { labels: { fleet: 'a' } });
    await create(lab, 'vm2', { labels: { fleet: 'b' } });
    const { data } = await lab.api.instances.aggregatedList({ project: PROJECT, filter: 'labels.fleet=b' });
    expect(data.items?.[`zones/${ZONE}`]?.instances?.map(({ name }) => name)).toEqual(['vm2']);
    expect(data.items?.['zones/us-central1-b']?.warning?.code).toBe('NO_RESULTS_ON_PAGE');
  });

  it('that do not boot say so in their operation, and are left TERMINATED', async () => {
    const lab = await openWithTemplate();
    await lab.send('POST', '/lab/v1/faults', {
      match: `machine.boot ${ZONE}/vm1`,
      status: 500,
      reason: 'KERNEL_PANIC',
      times: 1,
    });
    const done = await create(lab, 'vm1');
    expect(done.error?.errors?.[0]?.code).toBe('KERNEL_PANIC');
    expect((await instanceOf(lab, 'vm1')).status).toBe('TERMINATED');
  });

  it('that power themselves off are TERMINATED; those that nobody can see are not', async () => {
    const lab = await openWithTemplate();
    await create(lab, 'vm1');
    await create(lab, 'vm2');
    lab.machines.obscure('vm2');
    lab.machines.crash('vm1');
    await expect.poll(async () => (await instanceOf(lab, 'vm1')).status).toBe('TERMINATED');
    expect((await instanceOf(lab, 'vm2')).status).toBe('RUNNING');
  });

  it('show their serial port', async () => {
    const lab = await openWithTemplate();
    await create(lab, 'vm1');
    const { data } = await lab.api.instances.getSerialPortOutput({ ...at, instance: 'vm1' });
    expect(data).toMatchObject({ contents: 'boot of vm1\n', start: '0', next: '12' });
  });

  it('refuse what the lab cannot give', async () => {
    const lab = await openWithTemplate();
    const insert = (requestBody: object) =>
      refused(
        lab.api.instances.insert({
          ...at,
          sourceInstanceTemplate: 'global/instanceTemplates/t1',
          requestBody: { name: 'vm1', ...requestBody },
        }),
      );
    expect(await insert({ guestAccelerators: [{ acceleratorCount: 1 }] })).toMatchObject({ status: 501 });
    expect(await insert({ networkInterfaces: [{}, {}] })).toMatchObject({ status: 501 });
    expect(await insert({ networkInterfaces: [{ networkIP: '192.0.2.1' }] })).toMatchObject({ status: 400 });
    expect(
      await insert({ networkInterfaces: [{ network: 'global/networks/none', subnetwork: '' }] }),
    ).toMatchObject({ status: 404 });
  });
});
