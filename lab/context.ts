/** What every handler of the lab gets: its state, its ports, time and chance. Plain functions on plain data. */
import { createHash } from 'node:crypto';
import type { Faults } from './faults.ts';
import type { Controller } from './groups/controller.ts';
import type { Operations } from './operations.ts';
import type { Images, LabNetwork, Machines, RedisServers } from './ports.ts';
import type { LabClock, LabTiming } from './server.ts';
import type { State, Store } from './state.ts';
import type { Tokens } from './tokens.ts';

export type Lab = {
  readonly project: string;
  readonly zones: readonly string[];
  /** The lab's folder. */
  readonly folder: string;
  readonly machines: Machines;
  readonly images: Images;
  readonly redis: RedisServers;
  readonly network: LabNetwork;
  readonly timing: LabTiming;
  readonly clock: LabClock;
  readonly store: Store;
  readonly state: State;
  readonly operations: Operations;
  readonly faults: Faults;
  readonly controller: Controller;
  /** Tokens of the machines' service accounts. */
  readonly tokens: Tokens;
  /** Metadata changed: who waits for a change looks again. */
  readonly wakeMetadata: () => void;
  /** Aborted when the endpoint closes. */
  readonly closing: AbortSignal;
};

/** GCE's numeric project id; the lab's is made up, and the same for the same project. */
export function projectNumber(project: string): string {
  return String(10 ** 11 + (createHash('sha256').update(project).digest().readUInt32BE(0) % 10 ** 9));
}

/** A new numeric id, as a decimal string: never given out twice. */
export function newId(lab: Lab): string {
  lab.state.serial += 1;
  return String(BigInt(lab.clock.now()) * 1_000_000n + BigInt(lab.state.serial % 1_000_000));
}

export const timestamp = (lab: Lab): string => new Date(lab.clock.now()).toISOString();

/** GCE's fingerprint of no labels; of others a hash of what is fingerprinted. */
const NO_LABELS = '42WmSpB8rSM=';

/** Eight bytes in base64 that change when, and only when, the value does. */
export function fingerprintOf(value: object | null | undefined): string {
  if (value == null || Object.keys(value).length === 0) return NO_LABELS;
  return createHash('sha256').update(JSON.stringify(value)).digest().subarray(0, 8).toString('base64');
}
