/** The only door to Cloud Storage: what an image import needs. Fails with the codes of lib/gce.ts, prefixed by `storage-`. */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Bucket } from '@google-cloud/storage';
import { FleetError, reasonOf } from './errors.ts';
import type { Refusal } from './gce/errors.ts';
import { judge } from './gce/errors.ts';
import { silenceMetadataLookup } from './gce/metadata-warning.ts';

export type StorageOptions = {
  readonly project: string;
  /** Another endpoint than Google's, e.g. `http://127.0.0.1:8911`: spoken to without credentials. */
  readonly endpoint?: string | undefined;
};

export type Upload = {
  readonly bucket: string;
  /** Object name, e.g. `images/rtpengine-mr12.tar.gz`. */
  readonly object: string;
  /** Path of the local file. */
  readonly file: string;
  /** Called with the bytes that have arrived so far. */
  readonly onProgress?: (bytes: number) => void;
  /** Remembers the upload's session, so that the next process goes on where this one was killed. */
  readonly session?: UploadSession;
};

/** Who holds the URI of a session may write the object: keep it like a password. It is good for a week. */
export type UploadSession = {
  readonly read: () => string | undefined;
  /** Undefined: the session is over. */
  readonly write: (uri: string | undefined) => void;
};

export type Storage = {
  /** Makes the bucket if there is none (in `location`, e.g. `us-central1`). */
  readonly ensureBucket: (bucket: string, location: string) => Promise<void>;
  /** Sends a file, compares its MD5 at the other end, resolves with the URL that `images.insert` takes as `rawDisk.source`.
   * An object that has these bytes already is taken as it is. */
  readonly upload: (upload: Upload) => Promise<string>;
  /** Size in bytes, or undefined: there is no such object. */
  readonly size: (bucket: string, object: string) => Promise<number | undefined>;
  /** Writes a small object, JSON as a rule; one of the same name is replaced. */
  readonly put: (bucket: string, object: string, text: string) => Promise<void>;
  /** Content of a small object, or undefined: there is no such object, or no such bucket. */
  readonly text: (bucket: string, object: string) => Promise<string | undefined>;
  /** Deletes an object; no such object is fine. */
  readonly remove: (bucket: string, object: string) => Promise<void>;
};

/** Opens the door. The client is imported here, on first use. */
export async function connectStorage({ project, endpoint }: StorageOptions): Promise<Storage> {
  if (endpoint === undefined) silenceMetadataLookup();
  const { Storage: Client, IdempotencyStrategy } = await import('@google-cloud/storage');
  const client = new Client({
    projectId: project,
    // The same file under the same name: sending it again is safe, and a broken upload goes on where it broke.
    retryOptions: { idempotencyStrategy: IdempotencyStrategy.RetryAlways },
    ...(endpoint === undefined ? {} : { apiEndpoint: endpoint, useAuthWithCustomEndpoint: false }),
  });
  const file = (bucket: string, object: string) => client.bucket(bucket).file(object);
  return {
    ensureBucket: (bucket, location) =>
      worded(`bucket ${bucket}`, () => makeBucket(client.bucket(bucket), location)),
    upload: (upload) => worded(`object ${upload.object}`, () => send(client.bucket(upload.bucket), upload)),
    size: (bucket, object) =>
      worded(`object ${object}`, async () => {
        const [exists] = await file(bucket, object).exists();
        if (!exists) return undefined;
        const [metadata] = await file(bucket, object).getMetadata();
        return Number(metadata.size);
      }),
    put: (bucket, object, text) =>
      worded(`object ${object}`, async () => {
        await file(bucket, object).save(text, { resumable: false, contentType: 'application/json' });
      }),
    text: (bucket, object) =>
      worded(`object ${object}`, async () => {
        try {
          const [content] = await file(bucket, object).download();
          return content.toString('utf8');
        } catch (error) {
          if (refusalOf(error).status === 404) return undefined;
          throw error;
        }
      }),
    remove: (bucket, object) =>
      worded(`object ${object}`, async () => {
        await file(bucket, object).delete({ ignoreNotFound: true });
      }),
  };
}

async function makeBucket(bucket: Bucket, location: string): Promise<void> {
  const isThere = async () => (await bucket.exists())[0];
  if (await isThere()) return;
  try {
    await bucket.create({ location });
  } catch (error) {
    // 409: somebody else made it meanwhile, or the answer to an attempt before was lost. Of another project, it is refused here.
    if (refusalOf(error).status !== 409 || !(await isThere())) throw error;
  }
}

/** Sent and kept until it has arrived, so that a broken upload can go on (a multiple of 256 KiB; Cloud Storage: resumable uploads). */
const CHUNK_BYTES = 16 * 2 ** 20;

/** How often an upload is taken up at what Cloud Storage has of it. */
const TRIES = 5;

async function send(bucket: Bucket, upload: Upload): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await sendOnce(bucket, upload);
    } catch (error) {
      if (tries === TRIES || !isLeftInTheMidst(error)) throw error;
    }
  }
}

/**
 * The client gives up with a RangeError when a piece was refused that it had sent and forgotten already, which depends on who is quicker
 * (resumable-upload.js of @google-cloud/storage 8.4.0, `startUploading`); when the answer to the last piece was lost, it finds its
 * session over. The file has every piece, and Cloud Storage tells how many came.
 */
function isLeftInTheMidst(error: unknown): boolean {
  return error instanceof RangeError;
}

async function sendOnce(bucket: Bucket, upload: Upload): Promise<string> {
  const { object, file, onProgress } = upload;
  const url = `https://storage.googleapis.com/${bucket.name}/${object}`;
  if (await isThere(bucket, upload)) {
    onProgress?.(statSync(file).size);
    return url;
  }
  const known = upload.session?.read();
  if (known === undefined || !(await goOn(bucket, upload, known))) {
    if (!(await goOn(bucket, upload, await openSession(bucket, upload))))
      throw new RangeError('the session of the upload was over before its end was heard of');
  }
  upload.session?.write(undefined);
  return url;
}

/** Whether the object has the very bytes of the file: a run that was killed after the upload leaves it so. */
async function isThere(bucket: Bucket, { object, file }: Upload): Promise<boolean> {
  try {
    const [{ size, md5Hash }] = await bucket.file(object).getMetadata();
    return Number(size) === statSync(file).size && md5Hash === (await md5Of(file));
  } catch (error) {
    if (refusalOf(error).status === 404) return false;
    throw error;
  }
}

async function md5Of(file: string): Promise<string> {
  const hash = createHash('md5');
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest('base64');
}

async function openSession(bucket: Bucket, { object, session }: Upload): Promise<string> {
  const [uri] = await bucket
    .file(object)
    .createResumableUpload({ metadata: { contentType: 'application/gzip' } });
  session?.write(uri);
  return uri;
}

/** False: the session is over (Cloud Storage answers 404 or 410 then), and the file has to be sent anew. */
async function goOn(bucket: Bucket, upload: Upload, uri: string): Promise<boolean> {
  try {
    await transfer(bucket, upload, uri);
    return true;
  } catch (error) {
    const { status } = refusalOf(error);
    if (status !== 404 && status !== 410) throw error;
    return false;
  }
}

async function transfer(bucket: Bucket, { object, file, onProgress }: Upload, uri: string): Promise<void> {
  await bucket.upload(file, {
    destination: object,
    uri,
    resumable: true,
    chunkSize: CHUNK_BYTES,
    validation: 'md5',
    onUploadProgress: (progress: { readonly bytesWritten?: number }) =>
      onProgress?.(progress.bytesWritten ?? 0),
  });
}

type ClientError = {
  readonly code?: unknown;
  readonly errors?: readonly { readonly reason?: string; readonly message?: string }[];
};

/** The client's `ApiError`: `code` is the HTTP status, or the name of a socket's error. */
function refusalOf(error: unknown): Refusal {
  const { code, errors } = (typeof error === 'object' && error !== null ? error : {}) as ClientError;
  const status = Number(code);
  return {
    status: Number.isInteger(status) && status >= 100 ? status : undefined,
    reason: errors?.[0]?.reason,
    // Of an upload it rejects with no Error, but with what Cloud Storage answered.
    message: error instanceof Error ? error.message : (errors?.[0]?.message ?? reasonOf(error)),
    timedOut: false,
  };
}

async function worded<T>(subject: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const refusal = refusalOf(cause);
    const { kind, code, hint } = judge(refusal);
    throw new FleetError({
      kind,
      code: code.replace('gce-', 'storage-'),
      message: `Cloud Storage refused ${subject}: ${refusal.message}`,
      ...(hint === undefined ? {} : { hint }),
      facts: { status: refusal.status, reason: refusal.reason },
      cause,
    });
  }
}
