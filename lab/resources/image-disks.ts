/** The disks of images: imported from an archive in storage, removed when nothing runs from them any more. */
import { isFleetError, reasonOf } from '../../lib/errors.ts';
import type { Lab } from '../context.ts';
import { invalid, refuse } from '../refusal.ts';
import { objectFile } from '../storage/objects.ts';
import type { Link } from '../types.ts';

const STORAGE_URL = /^https?:\/\/[^/]+\/(?:storage\/v1\/b\/([^/]+)\/o\/(.+)|([^/]+)\/(.+))$/;

/** The file behind `https://storage.googleapis.com/<bucket>/<object>`, or the JSON API's URL of it. */
export function sourceFile(lab: Lab, source: string): string {
  const found = STORAGE_URL.exec(source);
  if (found === null)
    throw invalid(
      'resource.rawDisk.source',
      source,
      'The URL is malformed. Must be a valid Google Cloud Storage URL.',
    );
  const [, apiBucket, apiObject, bucket = apiBucket ?? '', object = apiObject ?? ''] = found;
  const file = objectFile(lab, bucket, decodeURIComponent(object));
  if (file !== undefined) return file;
  throw refuse(
    404,
    'notFound',
    `The resource '${bucket}/${decodeURIComponent(object)}' of type 'Google Cloud Storage object' was not found`,
  );
}

/** The work of an insert: PENDING → READY, or FAILED with the reason in the operation. */
export async function importImage(lab: Lab, link: Link): Promise<void> {
  const record = lab.state.tables.images[link];
  if (record === undefined || record.resource.status === 'READY') return;
  const { resource } = record;
  try {
    const facts = await lab.images.importDisk(
      String(resource.id),
      sourceFile(lab, resource.rawDisk?.source ?? ''),
    );
    resource.status = 'READY';
    resource.diskSizeGb = String(facts.diskSizeGb);
    resource.archiveSizeBytes = String(facts.archiveSizeBytes);
  } catch (error) {
    resource.status = 'FAILED';
    throw refuse(400, isFleetError(error) ? error.code : 'INTERNAL_ERROR', reasonOf(error));
  } finally {
    lab.store.changed();
  }
}

/** The work of a delete. */
export async function removeImage(lab: Lab, link: Link): Promise<void> {
  const record = lab.state.tables.images[link];
  if (record) record.deleted = true;
  await sweepImages(lab);
}

/** Removes the disks of deleted images that no machine runs from any more. */
export async function sweepImages(lab: Lab): Promise<void> {
  const { images, instances } = lab.state.tables;
  const used = new Set(Object.values(instances).map(({ imageId }) => imageId));
  for (const [link, { resource, deleted }] of Object.entries(images)) {
    if (!deleted || used.has(String(resource.id))) continue;
    await lab.images.remove(String(resource.id));
    delete images[link];
    lab.store.changed();
  }
}
