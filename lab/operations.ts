/**
 * Operations: PENDING → RUNNING → DONE. A mutation answers with its operation; what is left to do is data (`Work`) in the
 * state, so that a lab that was killed finishes what it had accepted.
 */
import { isFleetError, reasonOf } from '../lib/errors.ts';
import type { Lab } from './context.ts';
import { newId, timestamp } from './context.ts';
import type { OperationFault } from './faults.ts';
import type { Scope } from './links.ts';
import { lastOf, linkTo } from './links.ts';
import type { OperationRecord, Work } from './state.ts';
import type { Link, Operation } from './types.ts';

export type NewOperation = {
  readonly scope: Scope;
  /** As GCE names it: `insert`, `setLabels`, `compute.instanceGroupManagers.applyUpdatesToInstances`. */
  readonly type: string;
  readonly target: Link;
  readonly targetId: string;
  readonly work: Work;
  readonly fault?: OperationFault | undefined;
};

export type Operations = {
  /** Records the operation and begins it. */
  readonly start: (operation: NewOperation) => Operation;
  /** By name or numeric id, in the scope that it lives in. */
  readonly find: (scope: Scope, nameOrId: string) => Operation | undefined;
  /** Resolves with the operation when it is DONE, or as it is after `GCE_WAIT_MS`. */
  readonly wait: (operation: Operation) => Promise<Operation>;
  readonly list: (scope: Scope) => Operation[];
  /** Takes up what an earlier run of the lab left undone. */
  readonly resume: () => void;
};

/** GCE holds a `wait` for at most two minutes. */
const GCE_WAIT_MS = 120_000;
/** Finished operations that stay readable (GCE: 14 days). */
const KEPT = 500;

export function createOperations(lab: () => Lab, perform: (work: Work) => Promise<void>): Operations {
  const running = new Map<string, Promise<void>>();

  const begin = (record: OperationRecord): void => {
    const name = record.resource.name ?? '';
    running.set(
      name,
      run(lab(), record, perform).finally(() => running.delete(name)),
    );
  };
  const inScope = (scope: Scope): OperationRecord[] =>
    Object.values(lab().state.operations).filter((record) => scopeOfOperation(record.resource) === scope);

  return {
    start: (wanted) => {
      const record = makeRecord(lab(), wanted);
      lab().state.operations[record.resource.name ?? ''] = record;
      forgetOld(lab());
      lab().store.changed();
      const begun = { ...record.resource };
      begin(record);
      return begun;
    },
    find: (scope, key) =>
      inScope(scope).find(({ resource }) => resource.name === key || resource.id === key)?.resource,
    wait: async (operation) => {
      const limit = new AbortController();
      const end = running.get(operation.name ?? '') ?? Promise.resolve();
      const patience = lab()
        .clock.sleep(GCE_WAIT_MS, limit.signal)
        .catch(() => undefined);
      await Promise.race([end, patience]);
      limit.abort();
      return operation;
    },
    list: (scope) => inScope(scope).map(({ resource }) => resource),
    resume: () => {
      for (const record of Object.values(lab().state.operations))
        if (record.resource.status !== 'DONE') begin(record);
    },
  };
}

export function scopeOfOperation({ zone, region }: Operation): Scope {
  if (zone) return `zones/${lastOf(zone)}`;
  return region ? `regions/${lastOf(region)}` : 'global';
}

function makeRecord(lab: Lab, wanted: NewOperation): OperationRecord {
  const id = newId(lab);
  const name = `operation-${lab.clock.now()}-${Number(id.slice(-8)).toString(16)}-rtpfleet`;
  const { scope } = wanted;
  const place =
    scope === 'global'
      ? {}
      : { [scope.startsWith('zones/') ? 'zone' : 'region']: linkTo(lab.project, scope) };
  const now = timestamp(lab);
  const resource: Operation = {
    kind: 'compute#operation',
    id,
    name,
    ...place,
    operationType: wanted.type,
    targetLink: wanted.target,
    targetId: wanted.targetId,
    status: 'PENDING',
    user: 'lab@rtpfleet.invalid',
    progress: 0,
    insertTime: now,
    selfLink: linkTo(lab.project, `${scope}/operations/${name}`),
  };
  return { resource, work: wanted.work, ...(wanted.fault ? { fault: wanted.fault } : {}) };
}

async function run(lab: Lab, record: OperationRecord, perform: (work: Work) => Promise<void>): Promise<void> {
  const { resource, work, fault } = record;
  try {
    await lab.clock.sleep(lab.timing.operationMs + (fault?.delayMs ?? 0), lab.closing);
  } catch {
    return; // the endpoint closes: the next run of the lab takes it up
  }
  resource.status = 'RUNNING';
  resource.startTime ??= timestamp(lab);
  lab.store.changed();
  const failure = await attempt(fault, () => perform(work));
  if (lab.closing.aborted && failure) return;
  if (failure) Object.assign(resource, failed(failure));
  resource.status = 'DONE';
  resource.progress = 100;
  resource.endTime = timestamp(lab);
  lab.store.changed();
  await lab.store.saved();
}

type Failure = { readonly code: string; readonly message: string };

async function attempt(
  fault: OperationFault | undefined,
  act: () => Promise<void>,
): Promise<Failure | undefined> {
  if (fault?.code) return { code: fault.code, message: fault.message ?? 'A fault was asked for.' };
  try {
    await act();
    return undefined;
  } catch (error) {
    const code = isFleetError(error) ? error.code : 'INTERNAL_ERROR';
    return { code: code.replaceAll('-', '_').toUpperCase(), message: reasonOf(error) };
  }
}

/** A failed operation is a good answer with an error inside it. */
function failed(failure: Failure): Operation {
  return {
    error: { errors: [failure] },
    httpErrorStatusCode: 400,
    httpErrorMessage: 'BAD REQUEST',
  };
}

function forgetOld(lab: Lab): void {
  const { operations, requests } = lab.state;
  const done = Object.keys(operations).filter((name) => operations[name]?.resource.status === 'DONE');
  const old = new Set(done.slice(0, Math.max(0, done.length - KEPT)));
  for (const name of old) delete operations[name];
  for (const [key, name] of Object.entries(requests)) if (old.has(name)) delete requests[key];
}
