/** The calls of Cloud Storage (JSON API v1) that an image import needs; others are refused by name. */
import { createReadStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Lab } from '../context.ts';
import { timestamp } from '../context.ts';
import type { Reply } from '../http/reply.ts';
import { ok, parseBody, readBody } from '../http/reply.ts';
import { invalid, refuse, unsupported } from '../refusal.ts';
import type { Json } from '../types.ts';
import { checkBucket, dropObject, noObject, objectFile } from './objects.ts';
import type { Sessions } from './upload.ts';
import { handleUpload } from './upload.ts';

export type StorageServer = (request: IncomingMessage, url: URL, origin: string) => Promise<Reply>;

const PATH = /^\/(upload\/|download\/)?storage\/v1\/b(?:\/([^/]+)(?:\/o(?:\/(.+))?)?)?$/;

/** True for requests that belong to Cloud Storage. */
export const isStoragePath = (path: string): boolean => /^\/(upload\/|download\/)?storage\/v1\//.test(path);

export function createStorageServer(lab: Lab): StorageServer {
  const sessions: Sessions = new Map();
  return async (request, url, origin) => {
    const found = PATH.exec(url.pathname);
    const [, prefix, bucket = '', object] = found ?? [];
    const query = url.searchParams;
    if (found === null) throw unsupported(`storage ${request.method} ${url.pathname}`);
    if (prefix === 'upload/') return handleUpload({ lab, sessions, request, bucket, query, origin });
    if (object !== undefined)
      return oneObject(lab, request, bucket, decodeURIComponent(object), query, origin);
    if (url.pathname.endsWith('/o')) return listObjects(lab, request, bucket, query, origin);
    return bucket === '' ? allBuckets(lab, request) : oneBucket(lab, request, bucket, origin);
  };
}

const withLinks = (metadata: Json, origin: string): Json => {
  const object = `b/${String(metadata.bucket)}/o/${encodeURIComponent(String(metadata.name))}`;
  return {
    ...metadata,
    selfLink: `${origin}/storage/v1/${object}`,
    mediaLink: `${origin}/download/storage/v1/${object}?generation=${String(metadata.generation)}&alt=media`,
  };
};

async function oneObject(
  lab: Lab,
  { method }: IncomingMessage,
  bucket: string,
  name: string,
  query: URLSearchParams,
  origin: string,
): Promise<Reply> {
  checkBucket(lab, bucket);
  const record = lab.state.objects[`${bucket}/${name}`];
  const file = objectFile(lab, bucket, name);
  if (record === undefined || file === undefined) throw noObject(bucket, name);
  if (method === 'DELETE') {
    await dropObject(lab, bucket, name);
    return { status: 204 };
  }
  if (method !== 'GET') throw unsupported(`storage.objects by ${method}`);
  if (query.get('alt') !== 'media') return ok(withLinks(record.metadata, origin));
  const { md5Hash, crc32c, contentType, size } = record.metadata;
  const headers = {
    'content-type': String(contentType),
    'content-length': String(size),
    'x-goog-hash': `crc32c=${String(crc32c)},md5=${String(md5Hash)}`,
  };
  return { status: 200, headers, body: { stream: createReadStream(file) } };
}

function listObjects(
  lab: Lab,
  { method }: IncomingMessage,
  bucket: string,
  query: URLSearchParams,
  origin: string,
): Reply {
  if (method !== 'GET') throw unsupported(`storage.objects by ${method}`);
  checkBucket(lab, bucket);
  if (query.has('delimiter')) throw unsupported('storage.objects.list with delimiter');
  const prefix = `${bucket}/${query.get('prefix') ?? ''}`;
  const items = Object.entries(lab.state.objects)
    .filter(([key]) => key.startsWith(prefix))
    .map(([, { metadata }]) => withLinks(metadata, origin));
  return ok({ kind: 'storage#objects', items });
}

async function allBuckets(lab: Lab, request: IncomingMessage): Promise<Reply> {
  if (request.method === 'GET')
    return ok({ kind: 'storage#buckets', items: Object.values(lab.state.buckets) });
  if (request.method !== 'POST') throw unsupported(`storage.buckets by ${request.method}`);
  const body = (parseBody((await readBody(request)).toString()) ?? {}) as Json;
  const name = String(body.name ?? '');
  if (!/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/.test(name)) throw invalid('name', name, 'Invalid bucket name.');
  if (lab.state.buckets[name] !== undefined)
    throw refuse(
      409,
      'conflict',
      'Your previous request to create the named bucket succeeded and you already own it.',
    );
  const now = timestamp(lab);
  const bucket: Json = {
    kind: 'storage#bucket',
    location: 'US',
    storageClass: 'STANDARD',
    ...body,
    id: name,
    name,
    metageneration: '1',
    timeCreated: now,
    updated: now,
  };
  lab.state.buckets[name] = bucket;
  lab.store.changed();
  return ok(bucket);
}

function oneBucket(lab: Lab, { method }: IncomingMessage, name: string, origin: string): Reply {
  const bucket = checkBucket(lab, name);
  if (method === 'GET') return ok({ ...bucket, selfLink: `${origin}/storage/v1/b/${name}` });
  if (method !== 'DELETE') throw unsupported(`storage.buckets by ${method}`);
  if (Object.keys(lab.state.objects).some((key) => key.startsWith(`${name}/`)))
    throw refuse(409, 'conflict', 'The bucket you tried to delete is not empty.');
  delete lab.state.buckets[name];
  lab.store.changed();
  return { status: 204 };
}
