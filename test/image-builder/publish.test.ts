import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../image-builder/manifest.ts';
import { imageBody, imageState, importImage, promoteImage } from '../../image-builder/publish.ts';
import { PROJECT } from '../support/lab-server.ts';
import { FLEET, MANIFEST, openPublishLab, type PublishLab } from './support/product.ts';

const NEXT: Manifest = { ...MANIFEST, image: 'rtpengine-mr12-5-1-31-debian-13-bbbbbbbb' };

async function imported(lab: PublishLab, manifest = MANIFEST): Promise<void> {
  await importImage(lab.cloud, FLEET, manifest, lab.archive, () => undefined);
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
    expect(await imageState(lab.cloud, MANIFEST.image)).toBe('imported');
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
    expect(await imageState(lab.cloud, MANIFEST.image)).toBe('absent');
    await writeFile(lab.archive, 'good');
    await imported(lab);
    expect(await imageState(lab.cloud, MANIFEST.image)).toBe('imported');
  });
});

describe('a promoted image', () => {
  test('is what its family stands for; the one before points to it', async () => {
    const lab = await openPublishLab();
    await imported(lab);
    expect(await promoteImage(lab.cloud, MANIFEST)).toEqual([]);
    expect(await ofFamily(lab)).toBe(MANIFEST.image);
    await imported(lab, NEXT);
    expect(await promoteImage(lab.cloud, NEXT)).toEqual([MANIFEST.image]);
    expect(await ofFamily(lab)).toBe(NEXT.image);
    const { deprecated } = await image(lab);
    expect(deprecated?.state).toBe('DEPRECATED');
    expect(deprecated?.replacement).toContain(NEXT.image);
  });

  test('is done with for good, also after another took its place', async () => {
    const lab = await openPublishLab();
    for (const manifest of [MANIFEST, NEXT]) {
      await imported(lab, manifest);
      await promoteImage(lab.cloud, manifest);
    }
    expect(await imageState(lab.cloud, MANIFEST.image)).toBe('done');
    expect(await imageState(lab.cloud, NEXT.image)).toBe('done');
  });

  test('leaves images of other families alone', async () => {
    const lab = await openPublishLab();
    const other = { ...NEXT, family: 'rtpengine-other' };
    for (const manifest of [other, MANIFEST]) {
      await imported(lab, manifest);
      await promoteImage(lab.cloud, manifest);
    }
    expect((await image(lab, other)).deprecated).toBeUndefined();
  });
});
