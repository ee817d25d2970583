/** What the lab keeps of a managed instance group. Types only. */
import type { google } from '@google-cloud/compute/build/protos/protos.js';
import type { InstanceGroupManager, Link, PreservedState } from '../types.ts';

/** What GCE calls `currentAction`, as far as the lab does it. */
export type MemberAction =
  | 'NONE'
  | 'CREATING'
  | 'RECREATING'
  | 'DELETING'
  | 'VERIFYING'
  | 'REFRESHING'
  | 'RESTARTING';

/** `instanceTemplate` is a canonical link; `name` is the version's, if it has one. */
export type Version = { readonly name?: string; readonly instanceTemplate: Link };

/** A VM of a group, existing or about to. */
export type Member = {
  readonly name: string;
  action: MemberAction;
  /** The version that it has, or gets by the action under way. */
  version: Version;
  /** Internal address that the stateful policy keeps for it. */
  address?: string;
  /** Id of the VM that the action under way replaces, restarts or deletes; a restarted lab goes on from it. */
  oldId?: string;
  /** The per-instance config that the VM was made with, as JSON. */
  appliedConfig?: string;
  /** Why the last try failed, and when the next one is due (ms since the epoch). */
  failure?: { readonly code: string; readonly message: string; readonly retryAt: number };
};

/** A per-instance config; a deleted one stays until the VM has let go of it. */
export type Config = { preservedState: PreservedState; deleted?: boolean };

export type GroupRecord = {
  resource: InstanceGroupManager;
  members: Record<string, Member>;
  /** Per-instance configs by instance name. */
  configs: Record<string, Config>;
  /** Being deleted: its members go, then it goes. */
  deleting?: boolean;
};

export type HealthState = 'HEALTHY' | 'UNHEALTHY' | 'TIMEOUT' | 'UNKNOWN';

/** What the lab saw of a member's health; not kept across restarts. */
export type Health = {
  readonly state: HealthState;
  readonly successes: number;
  readonly failures: number;
};

export type AutoHealing = google.cloud.compute.v1.IInstanceGroupManagerAutoHealingPolicy;
