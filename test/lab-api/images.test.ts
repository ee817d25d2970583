import { describe, expect, it } from 'vitest';
import type { DiskFacts } from '../../lab/ports.ts';
import {
  addImage,
  addTemplate,
  eventually,
  openTestLab,
  PROJECT,
  refused,
  ZONE,
} from '../support/lab-server.ts';

const family = 'rtpengine-test';

describe('images', () => {
  it('are imported from an archive in storage: PENDING, then READY with their size', async () => {
    let finish: (facts: DiskFacts) => void = () => undefined;
    const imported = new Promise<DiskFacts>((resolve) => {
      finish = resolve;
    });
    const lab = await openTestLab({ images: { importDisk: () => imported, remove: async () => undefined } });
    const added = addImage(lab, 'a');
    const image = async () => (await lab.api.images.list({ project: PROJECT })).data.items?.[0];
    await eventually(async () => (await image())?.status === 'PENDING');
    finish({ diskSizeGb: 3, archiveSizeBytes: 7 });
    await added;
    expect(await image()).toMatchObject({ status: 'READY', diskSizeGb: '3', archiveSizeBytes: '7' });
  });

  it('are refused when the archive is not there, and when made in another way', async () => {
    const lab = await openTestLab();
    const insert = (requestBody: object) =>
      refused(lab.api.images.insert({ project: PROJECT, requestBody: { name: 'a', ...requestBody } }));
    expect(
      await insert({ rawDisk: { source: 'https://storage.googleapis.com/no/no.tar.gz' } }),
    ).toMatchObject({ status: 404 });
    expect(await insert({ sourceDisk: 'zones/z/disks/d' })).toMatchObject({ status: 501 });
  });

  it('of a family are found newest first, without those that are deprecated', async () => {
    const lab = await openTestLab();
    const newest = async () => (await lab.api.images.getFromFamily({ project: PROJECT, family })).data.name;
    await addImage(lab, 'one', { family });
    await addImage(lab, 'two', { family });
    expect(await newest()).toBe('two');
    await lab.done(
      (
        await lab.api.images.deprecate({
          project: PROJECT,
          image: 'two',
          requestBody: { state: 'DEPRECATED' },
        })
      ).data,
    );
    expect(await newest()).toBe('one');
    await lab.done(
      (await lab.api.images.deprecate({ project: PROJECT, image: 'two', requestBody: { state: 'ACTIVE' } }))
        .data,
    );
    expect(await newest()).toBe('two');
    for (const image of ['one', 'two'])
      await lab.done(
        (await lab.api.images.deprecate({ project: PROJECT, image, requestBody: { state: 'OBSOLETE' } }))
          .data,
      );
    expect(await refused(newest())).toMatchObject({ status: 404 });
  });

  it('can be made deprecated from the start', async () => {
    const lab = await openTestLab();
    await addImage(lab, 'one', { family, deprecated: { state: 'DEPRECATED' } });
    expect(await refused(lab.api.images.getFromFamily({ project: PROJECT, family }))).toMatchObject({
      status: 404,
    });
  });

  it('take labels only with the present fingerprint', async () => {
    const lab = await openTestLab();
    await addImage(lab, 'one');
    const set = (labelFingerprint: string) =>
      lab.api.images.setLabels({
        project: PROJECT,
        resource: 'one',
        requestBody: { labels: { a: 'b' }, labelFingerprint },
      });
    expect(await refused(set('AAAAAAAAAAA='))).toMatchObject({ status: 412, reason: 'conditionNotMet' });
    const { data } = await lab.api.images.get({ project: PROJECT, image: 'one' });
    await lab.done((await set(data.labelFingerprint ?? '')).data);
    expect((await lab.api.images.get({ project: PROJECT, image: 'one' })).data.labels).toEqual({ a: 'b' });
  });

  it('cannot be booted when OBSOLETE, can when DEPRECATED', async () => {
    const lab = await openTestLab();
    await addImage(lab, 'relay-1');
    await addTemplate(lab, 't1');
    const create = (name: string) =>
      lab.api.instances.insert({
        project: PROJECT,
        zone: ZONE,
        sourceInstanceTemplate: 'global/instanceTemplates/t1',
        requestBody: { name },
      });
    const deprecate = async (state: string) =>
      lab.done(
        (await lab.api.images.deprecate({ project: PROJECT, image: 'relay-1', requestBody: { state } })).data,
      );
    await deprecate('DEPRECATED');
    await lab.done((await create('vm1')).data);
    await deprecate('OBSOLETE');
    expect(await refused(create('vm2'))).toMatchObject({ status: 400 });
  });

  it('leave the list when deleted, but keep their disk while a machine runs from it', async () => {
    const lab = await openTestLab();
    await addImage(lab, 'relay-1');
    await addTemplate(lab, 't1');
    const at = { project: PROJECT, zone: ZONE };
    const sourceInstanceTemplate = 'global/instanceTemplates/t1';
    await lab.done(
      (await lab.api.instances.insert({ ...at, sourceInstanceTemplate, requestBody: { name: 'vm1' } })).data,
    );
    await lab.done((await lab.api.images.delete({ project: PROJECT, image: 'relay-1' })).data);
    expect((await lab.api.images.list({ project: PROJECT })).data.items).toBeUndefined();
    expect(lab.images.imported.size).toBe(1);
    await addImage(lab, 'relay-1');
    expect(lab.images.imported.size).toBe(2);
    await lab.done((await lab.api.instances.delete({ ...at, instance: 'vm1' })).data);
    expect(lab.images.imported.size).toBe(1);
  });
});
