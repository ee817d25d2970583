/** The only door to Cloud Storage: what an image import needs. Fails with the codes of lib/gce.ts, prefixed by `storage-`. */
import type { Bucket } from '@google-cloud/storage';
import { FleetError, reasonOf } from './errors.ts';
import type { Refusal } from './gce/errors.ts';
import { judge } from './gce/errors.ts';

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
  /** Called with the bytes sent so far. */
  readonly onProgress?: (bytes: number) => void;
};

export type Storage = {
  /** Makes the bucket if there is none (in `location`, e.g. `us-central1`). */
  readonly ensureBucket: (bucket: string, location: string) => Promise<void>;
  /** Sends a file, compares its MD5 at the other end, resolves with the URL that `images.insert` takes as `rawDisk.source`. */
  readonly upload: (upload: Upload) => Promise<string>;
  /** Size in bytes, or undefined: there is no such object. */
  readonly size: (bucket: string, object: string) => Promise<number | undefined>;
  /** Deletes an object; no such object is fine. */
  readonly remove: (bucket: string, object: string) => Promise<void>;
};

/** Opens the door. The client is imported here, on first use. */
export async function connectStorage({ project, endpoint }: StorageOptions): Promise<Storage> {
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
      worded(`bucket ${bucket}`, async () => {
        const [exists] = await client.bucket(bucket).exists();
        if (!exists) await client.createBucket(bucket, { location });
      }),
    upload: (upload) => worded(`object ${upload.object}`, () => send(client.bucket(upload.bucket), upload)),
    size: (bucket, object) =>
      worded(`object ${object}`, async () => {
        const [exists] = await file(bucket, object).exists();
        if (!exists) return undefined;
        const [metadata] = await file(bucket, object).getMetadata();
        return Number(metadata.size);
      }),
    remove: (bucket, object) =>
      worded(`object ${object}`, async () => {
        await file(bucket, object).delete({ ignoreNotFound: true });
      }),
  };
}

/** Sent and kept until it has arrived, so that a broken upload can go on (a multiple of 256 KiB; Cloud Storage: resumable uploads). */
const CHUNK_BYTES = 16 * 2 ** 20;

async function send(bucket: Bucket, { object, file, onProgress }: Upload): Promise<string> {
  await bucket.upload(file, {
    destination: object,
    resumable: true,
    chunkSize: CHUNK_BYTES,
    validation: 'md5',
    onUploadProgress: (progress: { readonly bytesWritten?: number }) =>
      onProgress?.(progress.bytesWritten ?? 0),
  });
  return `https://storage.googleapis.com/${bucket.name}/${object}`;
}

type ClientError = {
  readonly code?: unknown;
  readonly errors?: readonly { readonly reason?: string }[];
};

/** The client's `ApiError`: `code` is the HTTP status, or the name of a socket's error. */
function refusalOf(error: unknown): Refusal {
  const { code, errors } = (typeof error === 'object' && error !== null ? error : {}) as ClientError;
  const status = Number(code);
  return {
    status: Number.isInteger(status) && status >= 100 ? status : undefined,
    reason: errors?.[0]?.reason,
    message: reasonOf(error),
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
