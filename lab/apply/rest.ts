/**
 * The lab's API as plain JSON over HTTP. Not the door of lib/gce.ts: Google's client drops fields that it does not know and cannot send
 * `null`, but here a wrong field of the Pulumi program must reach the endpoint's contract and be refused, and a field must be cleared.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Json } from '../../infra/evaluate/protocol.ts';
import { callError, refusalOf } from '../../lib/gce/errors.ts';
import { operationError } from '../../lib/gce/operation.ts';
import { withRetries } from '../../lib/gce/retry.ts';
import type { GceOperation } from '../../lib/gce/services.ts';

export type Verb = 'GET' | 'POST' | 'PATCH';

export type Rest = {
  readonly project: string;
  /** Undefined: there is none (404). Paths begin with `/`. */
  readonly get: (path: string) => Promise<Json | undefined>;
  readonly send: (verb: Verb, path: string, body?: Json) => Promise<Json>;
  /** Sends and waits until the operation that it answers with is DONE. */
  readonly mutate: (verb: Verb, path: string, body: Json) => Promise<void>;
  readonly signal: AbortSignal | undefined;
};

export type RestOptions = {
  /** e.g. `http://127.0.0.1:8911` */
  readonly endpoint: string;
  readonly project: string;
  readonly signal?: AbortSignal | undefined;
};

const ATTEMPT_MS = 30_000;
const WITHIN_MS = 120_000;
const clock = { now: Date.now, sleep: (ms: number) => delay(ms), random: Math.random };

/** Path of a resource in GCE's API: `computePath('p', 'global/networks/n')`. */
export function computePath(project: string, rest: string): string {
  return `/compute/v1/projects/${project}/${rest}`;
}

/** Fails with the codes of lib/gce.ts. Every request may be repeated: mutations carry a `requestId`. */
export function connectRest({ endpoint, project, signal }: RestOptions): Rest {
  const send = async (verb: Verb, path: string, body?: Json): Promise<Json> => {
    const url = new URL(path, endpoint);
    if (verb !== 'GET' && path.startsWith('/compute/') && isMutation(path))
      url.searchParams.set('requestId', randomUUID());
    const policy = { repeatable: true, deadline: clock.now() + WITHIN_MS };
    try {
      return await withRetries(() => attempt(verb, url, body), refusalOf, policy, clock, signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw callError(`${verb} ${path}`, refusalOf(error), error);
    }
  };
  const get = async (path: string): Promise<Json | undefined> => {
    try {
      return await send('GET', path);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  const mutate = async (verb: Verb, path: string, body: Json): Promise<void> => {
    let operation = (await send(verb, path, body)) as GceOperation;
    while (operation.status !== 'DONE')
      operation = (await send('POST', `${new URL(operation.selfLink ?? '').pathname}/wait`)) as GceOperation;
    const failure = operationError(operation);
    if (failure) throw failure;
  };
  return { project, get, send, mutate, signal };
}

/** `wait` and the lists that are POSTs take no `requestId`. */
function isMutation(path: string): boolean {
  return !/\/(wait|listManagedInstances|listPerInstanceConfigs)$/.test(path);
}

/** One attempt; what GCE refuses is thrown in the shape that lib/gce/errors.ts reads. */
async function attempt(verb: Verb, url: URL, body: Json | undefined): Promise<Json> {
  const response = await fetch(url, {
    method: verb,
    signal: AbortSignal.timeout(ATTEMPT_MS),
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  if (response.ok) return (text === '' ? {} : JSON.parse(text)) as Json;
  throw Object.assign(new Error(`HTTP ${response.status}`), {
    httpStatusCode: response.status,
    [Symbol.for('google-gax.rawHttpResponsePayload')]: text,
  });
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'gce-not-found';
}
