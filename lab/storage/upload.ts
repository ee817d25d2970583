/** Uploads: in one request (`media`, `multipart`), or in a session of chunks (`resumable`). */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Lab } from '../context.ts';
import { newId } from '../context.ts';
import type { Reply } from '../http/reply.ts';
import { ok, parseBody, readBody } from '../http/reply.ts';
import { refuse, unsupported } from '../refusal.ts';
import type { Json } from '../types.ts';
import type { Digest } from './digest.ts';
import { createDigest } from './digest.ts';
import { checkBucket, keepObject, objectsFolder } from './objects.ts';

type Session = {
  readonly bucket: string;
  readonly name: string;
  readonly given: Json;
  readonly file: string;
  readonly digest: Digest;
  size: number;
  /** Settles when the request before has been read: what a dead client has still sent comes before its successor's question. */
  turn: Promise<unknown>;
};

/** Sessions under way; they do not survive the lab: a client whose session is gone gets 404 and begins again. */
export type Sessions = Map<string, Session>;

type Upload = {
  readonly lab: Lab;
  readonly sessions: Sessions;
  readonly request: IncomingMessage;
  readonly bucket: string;
  readonly query: URLSearchParams;
  /** e.g. `http://127.0.0.1:8911`. */
  readonly origin: string;
};

export async function handleUpload(upload: Upload): Promise<Reply> {
  const { lab, request, bucket, query } = upload;
  checkBucket(lab, bucket);
  await mkdir(objectsFolder(lab), { recursive: true });
  if (query.has('upload_id')) return chunk(upload);
  if (request.method !== 'POST') throw unsupported(`storage.objects.insert by ${request.method}`);
  switch (query.get('uploadType')) {
    case 'resumable':
      return begin(upload);
    case 'media':
      return whole(upload, await readBody(request), { contentType: request.headers['content-type'] });
    case 'multipart':
      return multipart(upload);
    default:
      throw unsupported(`storage.objects.insert with uploadType=${query.get('uploadType')}`);
  }
}

function nameOf(query: URLSearchParams, given: Json): string {
  const name = query.get('name') ?? given.name;
  if (typeof name === 'string' && name !== '') return name;
  throw refuse(400, 'required', 'Required parameter: name');
}

async function begin({ lab, sessions, request, bucket, query, origin }: Upload): Promise<Reply> {
  const body = (parseBody((await readBody(request)).toString()) ?? {}) as Json;
  const type = request.headers['x-upload-content-type'];
  const given = { ...(type === undefined ? {} : { contentType: type }), ...body };
  const id = newId(lab);
  const name = nameOf(query, body);
  sessions.set(id, {
    ...{ bucket, name, given, file: id, digest: createDigest(), size: 0 },
    turn: Promise.resolve(),
  });
  const location = `${origin}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${id}`;
  return { status: 200, headers: { location, 'x-guploader-uploadid': id } };
}

/** `bytes 0-99/100`, `bytes 0-99/*` (more follows) or `bytes <any>/100` (how far are we?). */
const RANGE = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/;

async function chunk(upload: Upload): Promise<Reply> {
  const session = findSession(upload);
  const reply = session.turn.then(() => take(upload));
  session.turn = reply.catch(() => undefined);
  return await reply;
}

function findSession({ sessions, query }: Upload): Session {
  const id = query.get('upload_id') ?? '';
  const session = sessions.get(id);
  if (session === undefined) throw refuse(404, 'notFound', `No such upload: ${id}`);
  return session;
}

async function take(upload: Upload): Promise<Reply> {
  const { lab, sessions, request } = upload;
  const session = findSession(upload);
  const range = RANGE.exec(request.headers['content-range'] ?? 'bytes 0-*/*');
  if (range === null) throw refuse(400, 'badRequest', 'Invalid Content-Range.');
  const [, start, end, total] = range;
  if (start !== undefined && Number(start) !== session.size)
    throw refuse(400, 'badRequest', `The upload is at byte ${session.size}, not ${start}.`);
  if (start !== undefined) await append(lab, session, request);
  else request.resume();
  const complete = total === '*' ? start !== undefined && end === '*' : session.size === Number(total);
  if (!complete) return unfinished(session.size);
  sessions.delete(session.file);
  return ok(await keepObject(lab, session));
}

const unfinished = (size: number): Reply => ({
  status: 308,
  headers: size === 0 ? {} : { range: `bytes=0-${size - 1}` },
});

/** What arrived counts even when the connection breaks: the client asks how far we are and goes on. */
async function append(lab: Lab, session: Session, request: IncomingMessage): Promise<void> {
  const counted = async function* (source: AsyncIterable<Buffer>) {
    for await (const bytes of source) {
      session.digest.update(bytes);
      session.size += bytes.length;
      yield bytes;
    }
  };
  const file = createWriteStream(join(objectsFolder(lab), session.file), { flags: 'a' });
  await pipeline(request, counted, file);
}

async function whole({ lab, bucket, query }: Upload, bytes: Buffer, given: Json): Promise<Reply> {
  const file = newId(lab);
  const digest = createDigest();
  digest.update(bytes);
  await writeFile(join(objectsFolder(lab), file), bytes);
  const name = nameOf(query, given);
  return ok(await keepObject(lab, { bucket, name, given, file, size: bytes.length, digest }));
}

/** `multipart/related`: the metadata as JSON, then the bytes. */
async function multipart(upload: Upload): Promise<Reply> {
  const boundary = /boundary="?([^";]+)"?/.exec(upload.request.headers['content-type'] ?? '')?.[1];
  if (boundary === undefined) throw refuse(400, 'badContent', 'Missing boundary of a multipart body.');
  const [metadata, media] = splitParts(await readBody(upload.request), boundary);
  if (metadata === undefined || media === undefined)
    throw refuse(400, 'badContent', 'A multipart upload has two parts.');
  const given = (parseBody(metadata.body.toString()) ?? {}) as Json;
  const contentType = /^content-type:\s*(.+)$/im.exec(media.head)?.[1];
  return whole(upload, media.body, { ...(contentType ? { contentType: contentType.trim() } : {}), ...given });
}

export type Part = { readonly head: string; readonly body: Buffer };

/** The parts of a multipart body (RFC 2046). Pure. */
export function splitParts(body: Buffer, boundary: string): Part[] {
  const mark = Buffer.from(`--${boundary}`);
  const parts: Part[] = [];
  let start = body.indexOf(mark);
  while (start >= 0) {
    const next = body.indexOf(mark, start + mark.length);
    if (next < 0) break;
    parts.push(readPart(body.subarray(start + mark.length, next)));
    start = next;
  }
  return parts;
}

/** Between two marks: line end, headers, empty line, bytes, line end. Senders may end lines with LF alone. */
function readPart(raw: Buffer): Part {
  const text = raw.toString('latin1');
  const gap = /\r?\n\r?\n/.exec(text);
  const end = text.endsWith('\r\n') ? 2 : 1;
  if (gap === null) return { head: text.trim(), body: Buffer.alloc(0) };
  const head = text.slice(0, gap.index).trim();
  return {
    head,
    body: raw.subarray(gap.index + gap[0].length, Math.max(gap.index + gap[0].length, raw.length - end)),
  };
}
