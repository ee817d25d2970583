import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addImage, openTestLab, PROJECT, refused, ZONE } from '../support/lab-server.ts';

const network = (name: string) => ({ project: PROJECT, requestBody: { name, autoCreateSubnetworks: false } });

describe('operations', () => {
  it('go from PENDING to DONE, and say what they were about', async () => {
    const lab = await openTestLab();
    const { data: begun } = await lab.api.networks.insert(network('n1'));
    expect(begun).toMatchObject({ status: 'PENDING', operationType: 'insert', progress: 0 });
    const done = await lab.done(begun);
    expect(done).toMatchObject({ status: 'DONE', progress: 100, name: begun.name ?? '' });
    expect(done.targetLink).toBe(`${lab.url}/compute/v1/projects/${PROJECT}/global/networks/n1`);
    expect(Date.parse(done.endTime ?? '')).toBeGreaterThanOrEqual(Date.parse(done.startTime ?? ''));
  });

  it('are found by name and by id, in their own scope only', async () => {
    const lab = await openTestLab();
    const { data } = await lab.api.networks.insert(network('n1'));
    for (const operation of [data.name ?? '', data.id ?? '']) {
      expect((await lab.api.globalOperations.get({ project: PROJECT, operation })).data.name).toBe(data.name);
      const elsewhere = lab.api.zoneOperations.get({ project: PROJECT, zone: ZONE, operation });
      expect((await refused(elsewhere)).status).toBe(404);
    }
  });

  it('are the same one for the same requestId, and the thing is made once', async () => {
    const lab = await openTestLab();
    const requestId = randomUUID();
    const first = (await lab.api.networks.insert({ ...network('n1'), requestId })).data;
    const again = (await lab.api.networks.insert({ ...network('n1'), requestId })).data;
    expect(again.id).toBe(first.id);
    expect(await refused(lab.api.networks.insert(network('n1')))).toMatchObject({
      status: 409,
      reason: 'alreadyExists',
    });
    expect((await refused(lab.api.networks.insert({ ...network('n2'), requestId: 'no' }))).status).toBe(400);
  });

  it('fail inside a good answer', async () => {
    const lab = await openTestLab();
    await addImage(lab, 'bad');
    const { data } = await lab.api.images.get({ project: PROJECT, image: 'bad' });
    expect(data.status).toBe('FAILED');
    const { data: list } = await lab.api.globalOperations.list({
      project: PROJECT,
      filter: 'operationType=insert',
    });
    expect(list.items?.[0]).toMatchObject({
      status: 'DONE',
      error: { errors: [{ code: 'IMAGE_FORMAT', message: 'The tar file has no disk.raw.' }] },
    });
  });

  it('take up what a lab that ended had accepted', async () => {
    const lab = await openTestLab({ timing: { operationMs: 60_000, tickMs: 5, graceMs: 1 } });
    const { data } = await lab.api.networks
      .delete({ project: PROJECT, network: 'default' })
      .catch(() => lab.api.networks.insert(network('n1')));
    await lab.server.close();
    const next = await openTestLab({ folder: lab.folder });
    const done = await next.done(data);
    expect(done).toMatchObject({ status: 'DONE', name: data.name ?? '' });
  });
});
