/** Waiting for a mutation: GCE answers at once with an operation and reports failure inside it, with HTTP 200. */
import { FleetError } from '../errors.ts';
import type { GceOperation } from './services.ts';

/** Where an operation lives: it can only be looked up in its own collection. */
export type OperationScope =
  | { readonly service: 'zoneOperations'; readonly zone: string }
  | { readonly service: 'regionOperations'; readonly region: string }
  | { readonly service: 'globalOperations' };

const lastSegment = (link: string): string => link.slice(link.lastIndexOf('/') + 1);

/** The collection of an operation, from its `zone` or `region` link. */
export function scopeOf(operation: GceOperation): OperationScope {
  if (operation.zone) return { service: 'zoneOperations', zone: lastSegment(operation.zone) };
  if (operation.region) return { service: 'regionOperations', region: lastSegment(operation.region) };
  return { service: 'globalOperations' };
}

/** Failures that GCE itself calls temporary (error codes of operations); anything else needs a person or a change. */
const TEMPORARY: ReadonlySet<string> = new Set([
  'ZONE_RESOURCE_POOL_EXHAUSTED',
  'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS',
  'RESOURCE_NOT_READY',
  'INTERNAL_ERROR',
  'BACKEND_ERROR',
]);

/** `compute.images.insert of rtpengine-mr12` for messages. */
export function nameOperation(operation: GceOperation): string {
  const target = operation.targetLink ? ` of ${lastSegment(operation.targetLink)}` : '';
  return `${operation.operationType ?? 'operation'}${target}`;
}

/** The error of an operation that is DONE, or undefined when it succeeded. */
export function operationError(operation: GceOperation): FleetError | undefined {
  const failures = operation.error?.errors ?? [];
  const [first] = failures;
  if (first === undefined) return undefined;
  return new FleetError({
    kind: first.code && TEMPORARY.has(first.code) ? 'retry' : 'hold',
    code: 'gce-operation-failed',
    message: `GCE could not finish ${nameOperation(operation)}: ${failures.map((failure) => failure.message ?? failure.code).join('; ')}`,
    facts: {
      operation: operation.name ?? '',
      reason: first.code ?? undefined,
      status: operation.httpErrorStatusCode ?? undefined,
    },
  });
}
