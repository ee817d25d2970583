/**
 * What GCE says when it says no, sorted by what the caller may do next. Classified by status and reason, never by text.
 */
import type { ErrorKind } from '../errors.ts';
import { FleetError, reasonOf } from '../errors.ts';
import { HIDDEN_DETAILS } from './auth.ts';

/** The facts of a failed call, read off whatever the client threw. */
export type Refusal = {
  /** HTTP status of the answer; undefined: no answer came (socket, deadline). */
  readonly status: number | undefined;
  /** GCE's reason: `errors[0].reason` or the reason of `google.rpc.ErrorInfo`, e.g. `conditionNotMet`. */
  readonly reason: string | undefined;
  readonly message: string;
  /** True when the client's own deadline ended the call. */
  readonly timedOut: boolean;
};

export type Verdict = { readonly kind: ErrorKind; readonly code: string; readonly hint?: string };

/** Requests per minute and operations at once: the same request may pass later (GCE says 403, not 429). */
const RATE_REASONS: ReadonlySet<string> = new Set([
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'RATE_LIMIT_EXCEEDED',
  'CONCURRENT_OPERATIONS_QUOTA_EXCEEDED',
]);

/** Resource quotas (CPUs, addresses): waiting does not help, a higher quota or fewer resources do. */
const QUOTA_REASONS: ReadonlySet<string> = new Set(['quotaExceeded', 'QUOTA_EXCEEDED', 'limitExceeded']);

/** True when GCE refused before it did anything because of a request rate: any call may be sent again. */
export function isRateLimited({ status, reason }: Refusal): boolean {
  return status === 429 || (status === 403 && reason !== undefined && RATE_REASONS.has(reason));
}

/** True when it is unknown whether the request was carried out: no answer, or an answer from half-way. */
export function isAmbiguous({ status }: Refusal): boolean {
  return status === undefined || status === 408 || (status >= 500 && status !== 501);
}

/** Sorts a refusal. `retry` = a later round may succeed; `hold` = this thing stays as it is; `stop` = all calls would fail. */
export function judge(refusal: Refusal): Verdict {
  const { status, reason } = refusal;
  if (isRateLimited(refusal)) return { kind: 'retry', code: 'gce-rate-limited' };
  if (refusal.timedOut) return { kind: 'retry', code: 'gce-timeout' };
  if (isAmbiguous(refusal)) return { kind: 'retry', code: 'gce-unavailable' };
  if (reason !== undefined && QUOTA_REASONS.has(reason))
    return { kind: 'hold', code: 'gce-quota', hint: 'Ask for more quota, or free some of it.' };
  switch (status) {
    case 400:
      return { kind: 'stop', code: 'gce-bad-request' };
    case 401:
    case 403:
      return {
        kind: 'stop',
        code: 'gce-denied',
        hint: 'Check the credentials and their roles in the project.',
      };
    case 404:
      return { kind: 'hold', code: 'gce-not-found' };
    case 409:
      return { kind: 'hold', code: reason === 'alreadyExists' ? 'gce-already-exists' : 'gce-conflict' };
    case 412:
      return {
        kind: 'retry',
        code: 'gce-precondition',
        hint: 'Read the resource again: someone else changed it.',
      };
    case 501:
      return { kind: 'stop', code: 'gce-unsupported' };
    default:
      return { kind: 'hold', code: 'gce-refused' };
  }
}

/** The error of a call to GCE, e.g. `compute.images.get x: The resource … was not found`. */
export function callError(call: string, refusal: Refusal, cause: unknown): FleetError {
  const verdict = judge(refusal);
  return new FleetError({
    ...verdict,
    message: `GCE refused compute.${call}: ${refusal.message}`,
    facts: { call, status: refusal.status, reason: refusal.reason },
    cause,
  });
}

type GaxError = { readonly code?: unknown; readonly httpStatusCode?: unknown; readonly reason?: unknown };

/** gax keeps the answer's body only here (google-gax 6.17, googleError.js `RAW_HTTP_RESPONSE_PAYLOAD`). */
const RAW_PAYLOAD = Symbol.for('google-gax.rawHttpResponsePayload');
/** gRPC number for an elapsed deadline, the one number that no HTTP status carries. */
const DEADLINE_EXCEEDED = 4;

/** Reads the facts off an error of the client library. */
export function refusalOf(error: unknown): Refusal {
  const thrown = (typeof error === 'object' && error !== null ? error : {}) as GaxError & {
    readonly [RAW_PAYLOAD]?: unknown;
  };
  const status = typeof thrown.httpStatusCode === 'number' ? thrown.httpStatusCode : undefined;
  const body = errorBody(thrown[RAW_PAYLOAD]);
  const info = typeof thrown.reason === 'string' ? thrown.reason : undefined;
  return {
    status,
    reason: body?.errors?.[0]?.reason ?? infoReason(body) ?? info,
    message: body?.message ?? reasonOf(error),
    timedOut: status === undefined && thrown.code === DEADLINE_EXCEEDED,
  };
}

type ErrorBody = {
  readonly message?: string;
  readonly errors?: readonly { readonly reason?: string }[];
  readonly [HIDDEN_DETAILS]?: readonly { readonly '@type'?: string; readonly reason?: string }[];
};

function infoReason(body: ErrorBody | undefined): string | undefined {
  return body?.[HIDDEN_DETAILS]?.find((detail) => detail['@type']?.endsWith('/google.rpc.ErrorInfo'))?.reason;
}

function errorBody(payload: unknown): ErrorBody | undefined {
  try {
    const parsed: unknown = typeof payload === 'string' ? JSON.parse(payload) : payload;
    const error = (parsed as { readonly error?: ErrorBody } | undefined)?.error;
    return typeof error === 'object' ? error : undefined;
  } catch {
    return undefined; // a proxy's HTML page: the status alone is enough to judge it
  }
}
