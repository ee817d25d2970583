/**
 * The only door to Google Compute Engine. Every call has a deadline, is retried only where that is safe, fills in the
 * project, and fails with one error type (FleetError, `facts.call/status/reason`):
 *
 *   const gce = await connectGce({ project: 'my-project' });
 *   const image = await gce.call('images', 'getFromFamily', { family: 'rtpengine-prod' });
 *   await gce.done(await gce.call('images', 'delete', { image: 'old' }));
 *
 * Codes: gce-rate-limited, gce-timeout, gce-unavailable, gce-precondition (kind retry); gce-not-found, gce-already-exists,
 * gce-conflict, gce-quota, gce-refused, gce-operation-failed (hold); gce-bad-request, gce-denied, gce-unsupported (stop).
 *
 * Limits of Google's client that callers must know (measured, @google-cloud/compute 7.8.0): unknown request fields are dropped
 * silently; a PATCH cannot clear a field (`[]` and `null` are not sent); absent lists come back as `[]`, ids as strings.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { FleetError } from './errors.ts';
import { send as attemptOnce, clientPool } from './gce/clients.ts';
import { callError, refusalOf } from './gce/errors.ts';
import { nameOperation, operationError, scopeOf } from './gce/operation.ts';
import type { Clock } from './gce/retry.ts';
import { withRetries } from './gce/retry.ts';
import type {
  GceAggregated,
  GceAnswer,
  GceMethod,
  GceOperation,
  GceRequest,
  GceScoped,
  GceService,
} from './gce/services.ts';

export type {
  GceAnswer,
  GceMethod,
  GceOperation,
  GceRequest,
  GceScoped,
  GceService,
} from './gce/services.ts';

export type GceOptions = {
  readonly project: string;
  /** Another endpoint than Google's, e.g. `http://127.0.0.1:8911`: spoken to without credentials. */
  readonly endpoint?: string | undefined;
  readonly clock?: Clock;
};

export type GceCallOptions = {
  /** No attempt starts later than this many ms from now; default 60,000. */
  readonly withinMs?: number;
  /** One attempt is given up after this many ms; default 30,000. */
  readonly attemptMs?: number;
  readonly signal?: AbortSignal;
};

export type Gce = {
  readonly project: string;
  /**
   * One call. Lists come back whole (all pages). Mutations answer with their operation, not its end: see `done`.
   * A mutation gets a `requestId` unless it has one, so that a repeated one is carried out once. Not so
   * `applyUpdatesToInstances`, `deletePerInstanceConfigs` and `images.setLabels`, which have none: after
   * `gce-unavailable` or `gce-timeout` the caller looks (`listManagedInstances`) before it sends again.
   */
  readonly call: <S extends GceService, M extends GceMethod<S>>(
    service: S,
    method: M,
    request: GceRequest<S, M>,
    options?: GceCallOptions,
  ) => Promise<GceAnswer<S, M>>;
  /** `aggregatedList`: `[scope, list]` for every zone or region, e.g. `['zones/us-central1-a', {instances}]`. */
  readonly aggregated: <S extends GceAggregated>(
    service: S,
    request: { readonly filter?: string },
    options?: GceCallOptions,
  ) => Promise<readonly GceScoped<S>[]>;
  /** Waits until the operation is DONE (default at most 600,000 ms); throws what went wrong in it. */
  readonly done: (operation: GceOperation, options?: GceCallOptions) => Promise<GceOperation>;
  readonly close: () => Promise<void>;
};

const CALL_WITHIN_MS = 60_000;
const ATTEMPT_MS = 30_000;
const DONE_WITHIN_MS = 600_000;
/** GCE holds a `wait` for at most two minutes. */
const WAIT_ATTEMPT_MS = 150_000;
/** `wait` may answer at once though the operation is not done ("best effort"): do not spin. */
const WAIT_PAUSE_MS = 100;

/** Methods that change nothing: safe to repeat. */
const READS = /^(get|list|wait|aggregatedList)/;
/** Mutations without `requestId` (proto of 7.8.0; test/lib/gce.test.ts checks this list against the contract). */
export const WITHOUT_REQUEST_ID: ReadonlySet<string> = new Set([
  'images.setLabels',
  'instanceGroupManagers.applyUpdatesToInstances',
  'instanceGroupManagers.deletePerInstanceConfigs',
]);

const wallClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
  random: Math.random,
};

/**
 * Opens the door. With an endpoint no credentials are used; without one, Application Default Credentials are
 * checked here, since a client without them would end the process (facts of @google-cloud/compute 7.8.0).
 */
export async function connectGce(options: GceOptions): Promise<Gce> {
  const { project, clock = wallClock } = options;
  const clientOf = clientPool(options);
  await clientOf('zoneOperations');

  const send = async (service: GceService, method: string, request: object, given: GceCallOptions = {}) => {
    const name = `${service}.${method}`;
    const client = await clientOf(service);
    const reads = READS.test(method);
    const once = reads || WITHOUT_REQUEST_ID.has(name) ? {} : { requestId: randomUUID() };
    const attempt = () =>
      attemptOnce(client, method, { ...once, ...request, project }, given.attemptMs ?? ATTEMPT_MS);
    const repeatable = reads || !WITHOUT_REQUEST_ID.has(name);
    const deadline = clock.now() + (given.withinMs ?? CALL_WITHIN_MS);
    try {
      return await withRetries(attempt, refusalOf, { repeatable, deadline }, clock, given.signal);
    } catch (error) {
      if (given.signal?.aborted) throw given.signal.reason;
      throw callError(name, refusalOf(error), error);
    }
  };

  const done = async (operation: GceOperation, given: GceCallOptions = {}): Promise<GceOperation> => {
    const { service, ...scope } = scopeOf(operation);
    const deadline = clock.now() + (given.withinMs ?? DONE_WITHIN_MS);
    let current = operation;
    while (current.status !== 'DONE') {
      if (clock.now() >= deadline) throw operationTimeout(operation);
      const attemptMs = Math.min(WAIT_ATTEMPT_MS, Math.max(1_000, deadline - clock.now()));
      const request = { ...scope, operation: operation.name };
      current = (await send(service, 'wait', request, { ...given, attemptMs })) as GceOperation;
      if (current.status !== 'DONE') await clock.sleep(WAIT_PAUSE_MS, given.signal);
    }
    const failure = operationError(current);
    if (failure) throw failure;
    return current;
  };

  return {
    project,
    call: async (service, method, request, given) => (await send(service, method, request, given)) as never,
    aggregated: async (service, request, given) =>
      (await send(service, 'aggregatedListAsync', request, given)) as never,
    done,
    close: clientOf.close,
  };
}

function operationTimeout(operation: GceOperation): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'gce-timeout',
    message: `GCE has not finished ${nameOperation(operation)} in the time given; it may still finish.`,
    facts: { operation: operation.name ?? '' },
  });
}
