/**
 * The record of a published image: its manifest and its bill of materials, as objects in the bucket that images are imported
 * through, so that any machine with access to the project can read them. The image's label says which record is its own.
 */
import type { Fleet } from '../../configs/fleet.ts';
import { FleetError } from '../../lib/errors.ts';
import type { Storage } from '../../lib/storage.ts';
import { textDigest } from '../digest.ts';
import { checkManifest, type Manifest } from '../manifest.ts';

/** The fleet's bucket; the default is a name that only this project would use. */
export function bucketOf({ cloud }: Fleet): string {
  return cloud.bucket ?? `${cloud.project}-rtpfleet-images`;
}

const manifestObject = (image: string): string => `records/${image}.json`;

export function recordText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

const sbomObject = (image: string): string => `records/${image}.cdx.json`;

/** Value of the label that ties an image to its record. */
export function recordLabel(manifest: Manifest): string {
  return textDigest(recordText(manifest)).slice(0, 32);
}

export async function keepRecord(
  storage: Storage,
  bucket: string,
  manifest: Manifest,
  sbom: string,
): Promise<void> {
  await storage.put(bucket, sbomObject(manifest.image), sbom);
  await storage.put(bucket, manifestObject(manifest.image), recordText(manifest));
}

/**
 * The record of an image; undefined: there is none.
 * @param label what the image's label says; undefined: any record will do
 * @throws FleetError `hold`, code `record-differs`: somebody changed it since
 */
export async function readRecord(
  storage: Storage,
  bucket: string,
  image: string,
  label: string | undefined,
): Promise<Manifest | undefined> {
  const text = await storage.text(bucket, manifestObject(image));
  if (text === undefined) return undefined;
  if (label !== undefined && textDigest(text).slice(0, 32) !== label) throw recordDiffers(bucket, image);
  return checkManifest(JSON.parse(text));
}

export async function dropRecord(storage: Storage, bucket: string, image: string): Promise<void> {
  await storage.remove(bucket, manifestObject(image));
  await storage.remove(bucket, sbomObject(image));
}

function recordDiffers(bucket: string, image: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'record-differs',
    message: `gs://${bucket}/${manifestObject(image)} is not the record that image ${image} was published with`,
    hint: 'Its digest is in the image’s label rtpfleet-record; somebody wrote the object since.',
  });
}
