/** Objects of the lab's Cloud Storage: their files and their metadata. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../context.ts';
import { newId, timestamp } from '../context.ts';
import { refuse } from '../refusal.ts';
import type { Json } from '../types.ts';
import type { Digest } from './digest.ts';

/** Where the bytes of objects are kept. */
export const objectsFolder = (lab: Lab): string => join(lab.folder, 'objects');

/** The file of an object, or undefined: there is none. */
export function objectFile(lab: Lab, bucket: string, object: string): string | undefined {
  const record = lab.state.objects[`${bucket}/${object}`];
  return record && join(objectsFolder(lab), record.file);
}

export function checkBucket(lab: Lab, bucket: string): Json {
  const found = lab.state.buckets[bucket];
  if (found === undefined) throw refuse(404, 'notFound', 'The specified bucket does not exist.');
  return found;
}

export type NewObject = {
  readonly bucket: string;
  readonly name: string;
  /** What the client said of it: `contentType`, `metadata`. */
  readonly given: Json;
  /** Name of the file in the objects folder. */
  readonly file: string;
  readonly size: number;
  readonly digest: Digest;
};

/** Records an object whose bytes are complete; one of the same name is replaced. */
export async function keepObject(lab: Lab, object: NewObject): Promise<Json> {
  const { bucket, name, given } = object;
  const generation = newId(lab);
  const now = timestamp(lab);
  const metadata: Json = {
    kind: 'storage#object',
    contentType: 'application/octet-stream',
    ...given,
    id: `${bucket}/${name}/${generation}`,
    name,
    bucket,
    generation,
    metageneration: '1',
    storageClass: 'STANDARD',
    size: String(object.size),
    ...object.digest.read(),
    etag: generation,
    timeCreated: now,
    updated: now,
  };
  const old = objectFile(lab, bucket, name);
  lab.state.objects[`${bucket}/${name}`] = { metadata, file: object.file };
  if (old !== undefined) await rm(old, { force: true });
  lab.store.changed();
  return metadata;
}

export async function dropObject(lab: Lab, bucket: string, name: string): Promise<void> {
  const file = objectFile(lab, bucket, name);
  if (file === undefined) throw noObject(bucket, name);
  delete lab.state.objects[`${bucket}/${name}`];
  lab.store.changed();
  await rm(file, { force: true });
}

export const noObject = (bucket: string, name: string) =>
  refuse(404, 'notFound', `No such object: ${bucket}/${name}`);
