/** How the lab says no: a FleetError that carries the HTTP answer, and the answer's body as GCE writes it. */
import { FleetError } from '../lib/errors.ts';

/** `status` is HTTP's, `reason` GCE's (`notFound`, `conditionNotMet`, …), `message` GCE's sentence. */
export function refuse(status: number, reason: string, message: string): FleetError {
  return new FleetError({ kind: 'stop', code: reason, message, facts: { status } });
}

export const notFound = (path: string): FleetError =>
  refuse(404, 'notFound', `The resource '${path}' was not found`);

export const invalid = (field: string, value: unknown, why: string): FleetError =>
  refuse(400, 'invalid', `Invalid value for field '${field}': '${wordValue(value)}'. ${why}`);

/** Something that GCE can do and the lab cannot: refused by name, never faked. */
export const unsupported = (what: string): FleetError =>
  refuse(501, 'notImplemented', `rtpfleet lab: ${what} is not supported`);

const wordValue = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');

/** GCE's error body: no `status` field; quota errors carry an ErrorInfo in `details` (recorded traffic). */
export function errorBody(status: number, reason: string, message: string): object {
  const errors = [{ message, domain: domainOf(reason), reason }];
  return { error: { code: status, message, errors, ...detailsOf(reason) } };
}

const domainOf = (reason: string): string => (reason === 'rateLimitExceeded' ? 'usageLimits' : 'global');

function detailsOf(reason: string): object {
  if (reason !== 'rateLimitExceeded') return {};
  const info = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: 'RATE_LIMIT_EXCEEDED',
    domain: 'googleapis.com',
    metadata: { service: 'compute.googleapis.com' },
  };
  return { details: [info] };
}
