/** From an archive to an image on GCE: upload and import. What was begun by a run that ended half-way is taken up where it
 * stands. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../configs/fleet.ts';
import { baseWord } from '../configs/naming.ts';
import { FleetError, isFleetError } from '../lib/errors.ts';
import type { Gce, GceOperation } from '../lib/gce.ts';
import type { Storage, UploadSession } from '../lib/storage.ts';
import { buildFailed } from './command.ts';
import { guestOsFeatures } from './gce/features.ts';
import { factsOf, IMAGE_LABEL, lastPart } from './life/facts.ts';
import { bucketOf, keepRecord, recordLabel } from './life/record.ts';
import { deleteImage, findImage, setState } from './life/states.ts';
import type { Manifest } from './manifest.ts';
import { type Signing, shieldedInstanceInitialState, signingOf } from './secure-boot.ts';

export type Cloud = { readonly gce: Gce; readonly storage: Storage; readonly signal: AbortSignal };

/** `absent`: to be imported. `importing`: another run began it. `imported`: not accepted yet. `accepted`: not promoted yet.
 * `done`: promoted before; others may have followed. */
export type ImageStanding = 'absent' | 'importing' | 'imported' | 'accepted' | 'done';

/** An import of some hundred MB takes GCE about a minute; the operation is waited for longer. */
const IMPORT_MS = 1_800_000;
/** From the end of an operation to an image that says so. */
const SETTLE_MS = 120_000;
const LOOK_EVERY_MS = 1_000;

/** Where an image stands. One that failed to import is removed, so that it can be imported again. */
export async function imageStanding(cloud: Cloud, name: string): Promise<ImageStanding> {
  const image = await findImage(cloud, name);
  if (image === undefined) return 'absent';
  const { status, accepted, promoted } = factsOf(image);
  if (status === 'FAILED') {
    await deleteImage(cloud, name);
    return 'absent';
  }
  if (status !== 'READY') return 'importing';
  if (promoted) return 'done';
  return accepted === undefined ? 'imported' : 'accepted';
}

/** What is imported, and where from. */
export type ImportOrder = {
  readonly fleet: Fleet;
  readonly manifest: Manifest;
  /** Path of the tar.gz. */
  readonly archive: string;
  /** CycloneDX JSON, kept beside the manifest. */
  readonly sbom: string;
  readonly session?: UploadSession;
  /** Bytes sent so far. */
  readonly onProgress: (bytes: number) => void;
};

/**
 * Uploads the archive and the record, imports the archive as image `manifest.image`, removes the upload. The image is
 * DEPRECATED from the start: who asks for the family must not get it before it is accepted.
 * @returns `imported`, or where it stands when another publication was quicker; `absent`: that one failed
 */
export async function importImage(cloud: Cloud, order: ImportOrder): Promise<ImageStanding> {
  const { gce, storage, signal } = cloud;
  const { fleet, manifest, archive, session, onProgress } = order;
  const bucket = bucketOf(fleet);
  const object = `${manifest.image}.tar.gz`;
  await storage.ensureBucket(bucket, fleet.cloud.region);
  const source = await storage.upload({
    bucket,
    object,
    file: archive,
    onProgress,
    ...(session === undefined ? {} : { session }),
  });
  // Its record is the one that the image's label names.
  if ((await imageStanding(cloud, manifest.image)) !== 'absent') return await othersImport(cloud, order);
  await keepRecord(storage, bucket, manifest, order.sbom);
  signal.throwIfAborted();
  const imageResource = imageBody(fleet, manifest, source, signingOf(fleet, new Date()));
  try {
    const insert = await gce.call('images', 'insert', { imageResource });
    await importEnded(cloud, insert);
  } catch (error) {
    if (isFleetError(error) && error.code === 'gce-already-exists') return await othersImport(cloud, order);
    if (!isOver(error)) throw error;
    await storage.remove(bucket, object);
    throw withWayOut(error);
  }
  await finishImport(cloud, fleet, manifest.image);
  return 'imported';
}

/** The upload stays until that import has ended: it may be reading it. */
async function othersImport(cloud: Cloud, { fleet, manifest }: ImportOrder): Promise<ImageStanding> {
  const standing = await awaitImport(cloud, manifest.image);
  await cloud.storage.remove(bucketOf(fleet), `${manifest.image}.tar.gz`);
  return standing;
}

/** Waits; whatever ends the waiting early leaves the import on. */
async function importEnded({ gce, signal }: Cloud, insert: GceOperation): Promise<void> {
  try {
    await gce.done(insert, { signal, withinMs: IMPORT_MS });
  } catch (cause) {
    if (isOver(cause) && isFleetError(cause) && cause.code !== 'gce-operation-failed') throw goesOn(cause);
    throw cause;
  }
}

/** False: GCE may still be reading the upload, so the next run goes on with both. */
function isOver(error: unknown): boolean {
  return isFleetError(error) && (error.kind === 'hold' || error.kind === 'stop');
}

function goesOn(cause: FleetError): FleetError {
  const { message } = cause;
  const hint = 'The import goes on at GCE; run it again to wait for its end.';
  return new FleetError({ kind: 'retry', code: 'import-unknown', message, hint, cause });
}

function withWayOut(error: unknown): unknown {
  if (!isFleetError(error) || error.code !== 'gce-quota') return error;
  const { kind, code, message, facts, cause } = error;
  const hint =
    'Ask for more quota, or free some of it: `pnpm image:prune --keep 3` shows which images may go.';
  return new FleetError({ kind, code, message, facts, cause, hint });
}

/**
 * Waits for an import that is on: of a run that was killed or timed out, or of one beside this.
 * @returns `absent`: it failed, and may be tried again
 */
export async function awaitImport(cloud: Cloud, name: string): Promise<ImageStanding> {
  const { gce, signal } = cloud;
  const pending = await gce.call('globalOperations', 'list', { filter: 'status != DONE' }, { signal });
  const operation = pending.find(({ targetLink }) => lastPart(targetLink ?? '') === name);
  if (operation !== undefined) await gce.done(operation, { signal, withinMs: IMPORT_MS });
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const standing = await imageStanding(cloud, name);
    if (standing !== 'importing') return standing;
    if (performance.now() >= deadline)
      throw buildFailed(
        'image-busy',
        `image ${name} is being imported, says GCE, and no operation that does it is on`,
      );
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** What comes after an import, also after that of a killed run: the state it has to have, and no upload left. */
export async function finishImport(cloud: Cloud, fleet: Fleet, name: string): Promise<void> {
  await setState(cloud, name, { state: 'DEPRECATED' });
  await cloud.storage.remove(bucketOf(fleet), `${name}.tar.gz`);
}

/** The body of `images.insert`. Pure. */
export function imageBody(fleet: Fleet, manifest: Manifest, source: string, signing?: Signing) {
  return {
    name: manifest.image,
    family: manifest.family,
    deprecated: { state: 'DEPRECATED' },
    description: `RTPEngine ${manifest.version} on ${manifest.base}, ${manifest.kernel}`,
    architecture: manifest.architecture,
    sourceType: 'RAW',
    rawDisk: { source, containerType: 'TAR' },
    guestOsFeatures: guestOsFeatures(manifest.base, manifest.architecture).map((type) => ({ type })),
    ...(signing === undefined ? {} : { shieldedInstanceInitialState: shieldedInstanceInitialState(signing) }),
    storageLocations: [fleet.cloud.region],
    labels: {
      [IMAGE_LABEL.fleet]: fleet.name,
      [IMAGE_LABEL.version]: manifest.version.replaceAll('.', '-'),
      [IMAGE_LABEL.base]: baseWord(manifest.base),
      ...(manifest.architecture === 'ARM64' ? { [IMAGE_LABEL.architecture]: 'arm64' } : {}),
      [IMAGE_LABEL.recipe]: manifest.keys.disk.slice(0, 32),
      [IMAGE_LABEL.record]: recordLabel(manifest),
    },
  };
}
