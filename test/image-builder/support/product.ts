/** An image to publish: a manifest, a fleet, and an archive whose bytes do not matter to the lab's fake machinery. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Fleet } from '../../../configs/fleet.ts';
import { parseFleet } from '../../../configs/load.ts';
import { IMAGE_LABEL } from '../../../image-builder/life/facts.ts';
import { setLabels } from '../../../image-builder/life/states.ts';
import type { Manifest } from '../../../image-builder/manifest.ts';
import { type Cloud, finishImport, importImage } from '../../../image-builder/publish.ts';
import { connectGce } from '../../../lib/gce.ts';
import { connectStorage } from '../../../lib/storage.ts';
import {
  openTestLab,
  PROJECT,
  REGION,
  type TestLab,
  type TestLabOptions,
  ZONE,
} from '../../support/lab-server.ts';

const sha256 = 'a'.repeat(64);

export const MANIFEST: Manifest = {
  format: 1,
  image: 'rtpengine-mr12-5-1-31-debian-13-aaaaaaaa',
  family: 'rtpengine-unit',
  version: 'mr12.5.1.31',
  base: 'debian-13',
  source: 'debian',
  architecture: 'X86_64',
  diskGb: 2,
  builtAt: '2026-01-02T03:04:05.678Z',
  keys: { tools: sha256, tree: sha256, disk: sha256 },
  archive: { bytes: 7, sha256 },
  disk: { bytes: 2, sha256 },
  kernel: 'vmlinuz-6.12-cloud-amd64',
  packages: [{ name: 'bash', version: '5' }],
  files: [
    { path: '/etc/a', sha256 },
    { path: '/etc/b', target: '/dev/null' },
  ],
  seconds: { pack: 1.5 },
};

/** RTPEngine's kernel module as the record of an image that has it says. */
export const MODULE = {
  name: 'xt_RTPENGINE',
  kernel: '6.12-cloud-amd64',
  from: 'rtpengine-kernel-dkms=12.5.1.31-1',
  path: '/usr/lib/modules/6.12-cloud-amd64/updates/xt_RTPENGINE.ko',
  sha256: 'd'.repeat(64),
} as const;

export const FLEET: Fleet = parseFleet(
  `name: unit
cloud: { project: ${PROJECT}, region: ${REGION}, zones: [${ZONE}] }
image: { version: mr12.5.1.31 }
`,
  'unit.yaml',
);

export type PublishLab = TestLab & { readonly cloud: Cloud; readonly archive: string };

/** A lab with the builder's two doors open to it. */
export async function openPublishLab(options: TestLabOptions = {}): Promise<PublishLab> {
  const lab = await openTestLab(options);
  const place = { project: PROJECT, endpoint: lab.url };
  const [gce, storage] = await Promise.all([connectGce(place), connectStorage(place)]);
  const folder = await mkdtemp(join(tmpdir(), 'rtpfleet-publish-'));
  const archive = join(folder, 'disk.tar.gz');
  await writeFile(archive, 'archive');
  onTestFinished(async () => {
    await gce.close();
    await rm(folder, { recursive: true });
  });
  return { ...lab, cloud: { gce, storage, signal: new AbortController().signal }, archive };
}

/** Uploads and imports the lab's archive as this image. */
export async function importInto(
  lab: PublishLab,
  manifest: Manifest = MANIFEST,
  fleet = FLEET,
): Promise<void> {
  const order = { fleet, manifest, archive: lab.archive, sbom: '{}', onProgress: () => undefined };
  await importImage(lab.cloud, order);
  await finishImport(lab.cloud, fleet, manifest.image);
}

/** Imports it, and says of it that it was accepted, without a machine. */
export async function acceptedIn(lab: PublishLab, manifest: Manifest = MANIFEST): Promise<void> {
  await importInto(lab, manifest);
  await setLabels(lab.cloud, manifest.image, { [IMAGE_LABEL.accepted]: 'call' });
}
