/** From an archive to an image on GCE that the fleet's family stands for: upload, import, acceptance, promotion. What was
 * begun by a run that ended half-way is taken up where it stands. */
import type { Fleet } from '../configs/fleet.ts';
import { LABEL } from '../configs/naming.ts';
import { isFleetError } from '../lib/errors.ts';
import type { Gce, GceAnswer } from '../lib/gce.ts';
import type { Storage } from '../lib/storage.ts';
import { buildFailed } from './command.ts';
import { guestOsFeatures } from './gce/features.ts';
import type { Manifest } from './manifest.ts';

export type Cloud = { readonly gce: Gce; readonly storage: Storage; readonly signal: AbortSignal };

type Image = GceAnswer<'images', 'get'>;

/** `absent`: to be imported. `imported`: not accepted yet. `done`: accepted and promoted before; others may have followed. */
export type ImageState = 'absent' | 'imported' | 'done';

/** Label of an image whose promotion is complete: what tells a run that was killed half-way from one that ended. */
const ACCEPTED = 'rtpfleet-accepted';

/** An import of some hundred MB takes GCE about a minute; the operation is waited for longer. */
const IMPORT_MS = 1_800_000;

/** Where an image stands. One that failed to import is removed, so that it can be imported again. */
export async function imageState(cloud: Cloud, name: string): Promise<ImageState> {
  const image = await findImage(cloud, name);
  if (image === undefined) return 'absent';
  if (image.status === 'READY') return image.labels?.[ACCEPTED] === undefined ? 'imported' : 'done';
  if (image.status === 'FAILED') {
    await cloud.gce.done(await cloud.gce.call('images', 'delete', { image: name }));
    return 'absent';
  }
  throw buildFailed(
    'image-busy',
    `image ${name} is ${String(image.status)}: another run may be importing it; try again once it is READY`,
  );
}

async function findImage({ gce, signal }: Cloud, name: string): Promise<Image | undefined> {
  try {
    return await gce.call('images', 'get', { image: name }, { signal });
  } catch (error) {
    if (isFleetError(error) && error.code === 'gce-not-found') return undefined;
    throw error;
  }
}

/**
 * Uploads the archive, imports it as image `manifest.image`, removes the upload. The image is DEPRECATED from the start:
 * who asks for the family must not get it before it is accepted.
 * @param onProgress bytes sent so far
 */
export async function importImage(
  cloud: Cloud,
  fleet: Fleet,
  manifest: Manifest,
  archive: string,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const { gce, storage, signal } = cloud;
  const bucket = fleet.cloud.bucket ?? `${fleet.cloud.project}-rtpfleet-images`;
  const object = `${manifest.image}.tar.gz`;
  await storage.ensureBucket(bucket, fleet.cloud.region);
  try {
    const source = await storage.upload({ bucket, object, file: archive, onProgress });
    signal.throwIfAborted();
    const imageResource = imageBody(fleet, manifest, source);
    const insert = await gce.call('images', 'insert', { imageResource });
    await gce.done(insert, { signal, withinMs: IMPORT_MS });
    await setState(cloud, manifest.image, { state: 'DEPRECATED' });
  } finally {
    await storage.remove(bucket, object);
  }
}

/** The body of `images.insert`. Pure. */
export function imageBody(fleet: Fleet, manifest: Manifest, source: string) {
  return {
    name: manifest.image,
    family: manifest.family,
    deprecated: { state: 'DEPRECATED' },
    description: `RTPEngine ${manifest.version} on ${manifest.base}, ${manifest.kernel}`,
    architecture: manifest.architecture,
    sourceType: 'RAW',
    rawDisk: { source, containerType: 'TAR' },
    guestOsFeatures: guestOsFeatures(manifest.base, manifest.architecture).map((type) => ({ type })),
    storageLocations: [fleet.cloud.region],
    labels: {
      [LABEL.fleet]: fleet.name,
      'rtpfleet-version': manifest.version.replaceAll('.', '-'),
      'rtpfleet-base': manifest.base,
      'rtpfleet-recipe': manifest.keys.disk.slice(0, 32),
    },
  };
}

/**
 * Makes an accepted image the one that the family stands for; the ones before become DEPRECATED, with it as replacement.
 * The new one comes first, so that the family is never empty; its label comes last, so that all of it is done again if
 * this run is killed in between.
 * @returns names of the images that it takes the place of
 */
export async function promoteImage(cloud: Cloud, manifest: Manifest): Promise<readonly string[]> {
  const { gce, signal } = cloud;
  const { image: name, family } = manifest;
  await setState(cloud, name, { state: 'ACTIVE' });
  const promoted = await gce.call('images', 'get', { image: name }, { signal });
  const all = await gce.call('images', 'list', { filter: `family = "${family}"` }, { signal });
  const before = all.filter((image) => image.family === family && image.name !== name && isActive(image));
  const replaced = before.flatMap((image) => (image.name ? [image.name] : []));
  for (const old of replaced) {
    const replacement = promoted.selfLink;
    await setState(cloud, old, { state: 'DEPRECATED', ...(replacement ? { replacement } : {}) });
  }
  await markAccepted(cloud, promoted);
  return replaced;
}

async function markAccepted({ gce, signal }: Cloud, image: Image): Promise<void> {
  const { labelFingerprint } = image;
  const globalSetLabelsRequestResource = {
    labels: { ...image.labels, [ACCEPTED]: 'true' },
    ...(labelFingerprint ? { labelFingerprint } : {}),
  };
  const request = { resource: image.name ?? '', globalSetLabelsRequestResource };
  await gce.done(await gce.call('images', 'setLabels', request), { signal });
}

function isActive(image: Image): boolean {
  const state = image.deprecated?.state;
  return !state || state === 'ACTIVE';
}

async function setState(
  { gce, signal }: Cloud,
  image: string,
  deprecationStatusResource: { readonly state: 'ACTIVE' | 'DEPRECATED'; readonly replacement?: string },
): Promise<void> {
  await gce.done(await gce.call('images', 'deprecate', { image, deprecationStatusResource }), { signal });
}
