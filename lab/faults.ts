/**
 * Faults on request: an answer that is an error, late, lost, or never comes; an operation that is slow or fails; a machine that does not boot.
 * Asked for by `POST /lab/v1/faults`, matched against the API method (`compute.instances.insert`), the request
 * (`POST /compute/v1/projects/p/zones/z/instances`) and the machine's start (`machine.boot <zone>/<name>`).
 */
import { FleetError } from '../lib/errors.ts';

export type OperationFault = { readonly delayMs?: number; readonly code?: string; readonly message?: string };

export type Fault = {
  /** `*` stands for any text, e.g. `compute.instances.*` or `* /compute/v1/projects/lab/zones/us-central1-a/*`. */
  readonly match: string;
  /** How often it strikes; absent: until it is taken away. */
  readonly times?: number;
  /** HTTP status to answer with, and GCE's reason (403 with `rateLimitExceeded` = a quota). */
  readonly status?: number;
  readonly reason?: string;
  readonly message?: string;
  /** The answer comes this much later. */
  readonly delayMs?: number;
  /** No answer ever. */
  readonly hang?: boolean;
  /** The connection is reset instead of an answer; nothing was done. */
  readonly reset?: boolean;
  /** The request is carried out, then the connection is reset: the reply is lost. */
  readonly loseReply?: boolean;
  /** Strikes the operation of a mutation: slower by `delayMs`, or failed with `code`. */
  readonly operation?: OperationFault;
};

export type Faults = {
  readonly add: (fault: Fault) => void;
  readonly clear: () => void;
  /** Those that may still strike. */
  readonly list: () => readonly Fault[];
  /** The first fault that matches one of these names; counts as a strike. */
  readonly strike: (...names: readonly string[]) => Fault | undefined;
};

const SHAPE: Readonly<Record<keyof Fault, string>> = {
  match: 'string',
  times: 'number',
  status: 'number',
  reason: 'string',
  message: 'string',
  delayMs: 'number',
  hang: 'boolean',
  reset: 'boolean',
  loseReply: 'boolean',
  operation: 'object',
};

/** Reads a fault as it was posted. Rejects with code `bad-fault`. */
export function readFault(value: unknown): Fault {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const wrong = Object.keys(given).find(
    (key) => !Object.hasOwn(SHAPE, key) || typeof given[key] !== SHAPE[key as keyof Fault],
  );
  if (wrong === undefined && typeof given.match === 'string') return given as unknown as Fault;
  throw new FleetError({
    kind: 'usage',
    code: 'bad-fault',
    message:
      wrong === undefined
        ? 'A fault needs `match`.'
        : `A fault cannot have ${wrong}: ${JSON.stringify(given[wrong])}.`,
    hint: `It has ${Object.entries(SHAPE)
      .map(([key, type]) => `${key} (${type})`)
      .join(', ')}.`,
    facts: { status: 400 },
  });
}

export function createFaults(): Faults {
  let faults: { readonly fault: Fault; readonly pattern: RegExp; left: number }[] = [];
  return {
    add: (fault) => {
      faults.push({
        fault,
        pattern: globPattern(fault.match),
        left: fault.times ?? Number.POSITIVE_INFINITY,
      });
    },
    clear: () => {
      faults = [];
    },
    list: () => faults.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, times: left } : fault)),
    strike: (...names) => {
      const found = faults.find(({ pattern }) => names.some((name) => pattern.test(name)));
      if (found === undefined) return undefined;
      found.left -= 1;
      faults = faults.filter(({ left }) => left > 0);
      return found.fault;
    },
  };
}

/** The whole name must match; only `*` is special. */
function globPattern(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
