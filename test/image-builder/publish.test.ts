import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readRecord, recordText } from '../../image-builder/life/record.ts';
import { promoteImage } from '../../image-builder/life/states.ts';
import type { Manifest } from '../../image-builder/manifest.ts';
import { awaitImport, imageBody, imageStanding, importImage } from '../../image-builder/publish.ts';
import { EXIT, exitCodeOf, FleetError, wordError } from '../../lib/errors.ts';
import { PROJECT } from '../support/lab-server.ts';
import {
  acceptedIn,
  FLEET,
  importInto,
  MANIFEST,
  openPublishLab,
  type PublishLab,
} from './support/product.ts';

const NEXT: Manifest = { ...MANIFEST, image: 'rtpengine-mr12-5-1-31-debian-13-bbbbbbbb' };

const imported = importInto;

async function promote(lab: PublishLab, { image }: Manifest): Promise<readonly string[]> {
  return await promoteImage(lab.cloud, image, 1_700_000_000);
}

async function image(lab: PublishLab, manifest = MANIFEST) {
  return (await lab.api.images.get({ project: PROJECT, image: manifest.image })).data;
}

async function ofFamily(lab: PublishLab): Promise<string | undefined> {
  const wanted = lab.api.images.getFromFamily({ project: PROJECT, family: MANIFEST.family });
  return (await wanted.catch(() => undefined))?.data.name ?? undefined;
}

describe('an imported image', () => {
  test('has what a relay’s machine needs, and a name, a family and labels to find it by', async () => {
    const lab = await openPublishLab();
    await imported(lab);
    const { guestOsFeatures, ...rest } = await image(lab);
    expect(rest).toMatchObject({
      status: 'READY',
      architecture: 'X86_64',
      family: MANIFEST.family,
      labels: { rtpfleet: 'unit', 'rtpfleet-version': 'mr12-5-1-31', 'rtpfleet-base': 'debian-13' },
    });
    expect(guestOsFeatures?.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['UEFI_COMPATIBLE', 'VIRTIO_SCSI_MULTIQUEUE', 'GVNIC']),
    );
  });

  test('is not what its family stands for before it is promoted', async () => {
    const lab = await openPublishLab();
    await imported(lab);
    expect((await image(lab)).deprecated?.state).toBe('DEPRECATED');
    expect(await ofFamily(lab)).toBeUndefined();
    expect(await imageStanding(lab.cloud, MANIFEST.image)).toBe('imported');
  });

  test('for arm64 says so to GCE and to whoever lists images', () => {
    const body = imageBody(
      FLEET,
      { ...MANIFEST, architecture: 'ARM64' },
      'https://storage.googleapis.com/b/o',
    );
    expect(body.architecture).toBe('ARM64');
    expect(body.labels).toMatchObject({ 'rtpfleet-architecture': 'arm64' });
    expect(body.guestOsFeatures.map(({ type }) => type)).toEqual([
      'UEFI_COMPATIBLE',
      'VIRTIO_SCSI_MULTIQUEUE',
      'GVNIC',
    ]);
    const other = imageBody(FLEET, MANIFEST, 'https://storage.googleapis.com/b/o');
    expect(Object.keys(other.labels)).not.toContain('rtpfleet-architecture');
  });

  test('asks not to be from the first moment: a run killed right after the import must not leave it to the family', () => {
    expect(imageBody(FLEET, MANIFEST, 'https://storage.googleapis.com/b/o').deprecated).toEqual({
      state: 'DEPRECATED',
    });
  });

  test('leaves no upload behind, also when the import fails', async () => {
    const lab = await openPublishLab();
    const left = () => lab.cloud.storage.size(`${PROJECT}-rtpfleet-images`, `${MANIFEST.image}.tar.gz`);
    await imported(lab);
    expect(await left()).toBeUndefined();
    await writeFile(lab.archive, 'bad');
    await expect(imported(lab, NEXT)).rejects.toThrow(/no disk.raw/);
    expect(
      await lab.cloud.storage.size(`${PROJECT}-rtpfleet-images`, `${NEXT.image}.tar.gz`),
    ).toBeUndefined();
  });

  test('that failed to import makes room for the next attempt', async () => {
    const lab = await openPublishLab();
    await writeFile(lab.archive, 'bad');
    await expect(imported(lab)).rejects.toThrow();
    expect(await imageStanding(lab.cloud, MANIFEST.image)).toBe('absent');
    await writeFile(lab.archive, 'good');
    await imported(lab);
    expect(await imageStanding(lab.cloud, MANIFEST.image)).toBe('imported');
  });
});

describe('a promoted image', () => {
  test('is what its family stands for; the one before points to it', async () => {
    const lab = await openPublishLab();
    await acceptedIn(lab);
    expect(await promote(lab, MANIFEST)).toEqual([]);
    expect(await ofFamily(lab)).toBe(MANIFEST.image);
    await acceptedIn(lab, NEXT);
    expect(await promote(lab, NEXT)).toEqual([MANIFEST.image]);
    expect(await ofFamily(lab)).toBe(NEXT.image);
    const { deprecated } = await image(lab);
    expect(deprecated?.state).toBe('DEPRECATED');
    expect(deprecated?.replacement).toContain(NEXT.image);
  });

  test('is done with for good, also after another took its place', async () => {
    const lab = await openPublishLab();
    for (const manifest of [MANIFEST, NEXT]) {
      await acceptedIn(lab, manifest);
      await promote(lab, manifest);
    }
    expect(await imageStanding(lab.cloud, MANIFEST.image)).toBe('done');
    expect(await imageStanding(lab.cloud, NEXT.image)).toBe('done');
  });

  test('leaves images of other families alone', async () => {
    const lab = await openPublishLab();
    const other = { ...NEXT, family: 'rtpengine-other' };
    for (const manifest of [other, MANIFEST]) {
      await acceptedIn(lab, manifest);
      await promote(lab, manifest);
    }
    expect((await image(lab, other)).deprecated).toBeUndefined();
  });

  test('has been accepted before', async () => {
    const lab = await openPublishLab();
    await imported(lab);
    await expect(promote(lab, MANIFEST)).rejects.toMatchObject({ code: 'not-accepted-yet', kind: 'hold' });
    expect(await ofFamily(lab)).toBeUndefined();
  });

  test('may be an older one: the way back', async () => {
    const lab = await openPublishLab();
    for (const manifest of [MANIFEST, NEXT]) {
      await acceptedIn(lab, manifest);
      await promote(lab, manifest);
    }
    expect(await promote(lab, MANIFEST)).toEqual([NEXT.image]);
    expect(await ofFamily(lab)).toBe(MANIFEST.image);
  });

  test('is promoted once more by a run after one that was killed before its label', async () => {
    const lab = await openPublishLab();
    await acceptedIn(lab);
    await lab.send('POST', '/lab/v1/faults', { match: 'compute.images.setLabels', status: 403, times: 1 });
    await expect(promote(lab, MANIFEST)).rejects.toThrow();
    expect(await imageStanding(lab.cloud, MANIFEST.image)).toBe('accepted');
    await promote(lab, MANIFEST);
    expect(await imageStanding(lab.cloud, MANIFEST.image)).toBe('done');
  });
});

describe('an import', () => {
  const fault = (lab: PublishLab, body: object) => lab.send('POST', '/lab/v1/faults', body);
  const left = (lab: PublishLab) =>
    lab.cloud.storage.size(`${PROJECT}-rtpfleet-images`, `${MANIFEST.image}.tar.gz`);

  test('whose client timed out is found and waited for by the next run', async () => {
    const lab = await openPublishLab();
    await fault(lab, { match: 'compute.images.insert', operation: { delayMs: 300 } });
    await fault(lab, { match: 'compute.globalOperations.wait', status: 403, times: 1 });
    await expect(imported(lab)).rejects.toMatchObject({ code: 'import-unknown', kind: 'retry' });
    expect(await imageStanding(lab.cloud, MANIFEST.image)).toBe('importing');
    expect(await awaitImport(lab.cloud, MANIFEST.image)).toBe('imported');
  });

  test('of another image that is on is not waited for', async () => {
    const lab = await openPublishLab();
    await fault(lab, { match: 'compute.images.insert', operation: { delayMs: 3_600_000 }, times: 1 });
    const bucket = `${PROJECT}-rtpfleet-images`;
    await lab.cloud.storage.ensureBucket(bucket, FLEET.cloud.region);
    const source = await lab.cloud.storage.upload({ bucket, object: 'other.tar.gz', file: lab.archive });
    const imageResource = imageBody(FLEET, NEXT, source, undefined);
    await lab.cloud.gce.call('images', 'insert', { imageResource });
    await imported(lab);
    expect(await awaitImport(lab.cloud, MANIFEST.image)).toBe('imported');
    expect(await imageStanding(lab.cloud, NEXT.image)).toBe('importing');
  });

  test('that two publications begin at the same time is done once, and both know how it ended', async () => {
    const lab = await openPublishLab();
    await fault(lab, { match: 'compute.images.insert', operation: { delayMs: 200 } });
    const order = { fleet: FLEET, archive: lab.archive, sbom: '{}', onProgress: () => undefined };
    const publication = (builtAt: string) =>
      importImage(lab.cloud, { ...order, manifest: { ...MANIFEST, builtAt } });
    const both = await Promise.all([
      publication('2026-01-01T00:00:00.000Z'),
      publication('2026-01-02T00:00:00.000Z'),
    ]);
    expect(both).toEqual(['imported', 'imported']);
    expect((await image(lab)).status).toBe('READY');
    expect(await left(lab)).toBeUndefined();
  });

  test('that another publication began while this one sent its upload is waited for, and its record stays', async () => {
    const lab = await openPublishLab();
    await fault(lab, { match: 'compute.images.insert', operation: { delayMs: 200 } });
    const other = importInto(lab);
    const order = { fleet: FLEET, archive: lab.archive, sbom: '{}' };
    const manifest = { ...MANIFEST, builtAt: '2026-01-03T00:00:00.000Z' };
    while ((await imageStanding(lab.cloud, MANIFEST.image)) === 'absent');
    expect(await importImage(lab.cloud, { ...order, manifest, onProgress: () => undefined })).toBe(
      'imported',
    );
    await other;
    const label = (await image(lab)).labels?.['rtpfleet-record'];
    const bucket = `${PROJECT}-rtpfleet-images`;
    expect(await readRecord(lab.cloud.storage, bucket, MANIFEST.image, label)).toEqual(MANIFEST);
    expect(await left(lab)).toBeUndefined();
  });

  test('keeps its upload while GCE may be reading it', async () => {
    const lab = await openPublishLab();
    const timeout = new AbortController();
    const slow = { ...lab, cloud: { ...lab.cloud, signal: timeout.signal } };
    await fault(lab, { match: 'compute.images.insert', operation: { delayMs: 300 } });
    const going = imported(slow);
    while ((await imageStanding(lab.cloud, MANIFEST.image)) === 'absent');
    timeout.abort(new FleetError({ kind: 'interrupted', code: 'interrupted', message: 'interrupted' }));
    await expect(going).rejects.toMatchObject({ kind: 'interrupted' });
    expect(await left(lab)).toBeDefined();
    expect(await awaitImport(lab.cloud, MANIFEST.image)).toBe('imported');
  });

  test('that no quota is left for says so in one sentence, and how to make room', async () => {
    const lab = await openPublishLab();
    const message = "Quota 'IMAGES' exceeded.  Limit: 100.0 globally.";
    await fault(lab, { match: 'compute.images.insert', status: 403, reason: 'quotaExceeded', message });
    const error = await imported(lab).catch((reason: unknown) => reason);
    expect(wordError(error)).toMatch(
      /^GCE refused compute\.images\.insert: Quota 'IMAGES' exceeded\. .*\n.*image:prune/,
    );
    expect(exitCodeOf(error)).toBe(EXIT.halted);
    expect(await left(lab)).toBeUndefined();
  });

  test('leaves its record in the bucket, and the image says which it is', async () => {
    const lab = await openPublishLab();
    await imported(lab);
    const bucket = `${PROJECT}-rtpfleet-images`;
    const label = (await image(lab)).labels?.['rtpfleet-record'];
    expect(await readRecord(lab.cloud.storage, bucket, MANIFEST.image, label)).toEqual(MANIFEST);
    await lab.cloud.storage.put(
      bucket,
      `records/${MANIFEST.image}.json`,
      recordText({ ...MANIFEST, kernel: 'vmlinuz-other' }),
    );
    await expect(readRecord(lab.cloud.storage, bucket, MANIFEST.image, label)).rejects.toMatchObject({
      code: 'record-differs',
    });
  });
});
