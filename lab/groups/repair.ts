/** Autohealing: what a group does about a VM that is gone, dead or unhealthy. Pure. */
import type { InstanceGroupManager } from '../types.ts';
import type { Health, MemberAction } from './types.ts';

export type Seen = {
  readonly action: MemberAction;
  /** Its instance's status; undefined: it has none. */
  readonly status: string | undefined;
  /** Milliseconds since it is RUNNING. */
  readonly runningMs: number;
  /** Undefined: the group has no autohealing health check. */
  readonly health: Health | undefined;
  /** Milliseconds between two probes: no VM is judged by its health before the first of them has passed. */
  readonly probeMs: number;
};

export type Verdict =
  | { readonly kind: 'stay' }
  | { readonly kind: 'verified' }
  | { readonly kind: 'repair'; readonly because: string };

const DEAD: ReadonlySet<string> = new Set(['TERMINATED', 'STOPPED', 'SUSPENDED']);

/** Judges one member that is NONE or VERIFYING; others are being worked on. */
export function judgeMember(seen: Seen, group: InstanceGroupManager): Verdict {
  if (seen.action !== 'NONE' && seen.action !== 'VERIFYING') return { kind: 'stay' };
  const policy = group.instanceLifecyclePolicy ?? {};
  const repairs = policy.defaultActionOnFailure !== 'DO_NOTHING';
  if (seen.status === undefined || DEAD.has(seen.status))
    return repairs ? { kind: 'repair', because: `the instance is ${seen.status ?? 'gone'}` } : settle(seen);
  const initialMs = Number(group.autoHealingPolicies?.[0]?.initialDelaySec ?? 0) * 1000;
  const delayMs = Math.max(initialMs, seen.probeMs);
  const healsUnhealthy =
    policy.onFailedHealthCheck === 'REPAIR' || (policy.onFailedHealthCheck !== 'DO_NOTHING' && repairs);
  if (seen.health === undefined || seen.health.state === 'HEALTHY') return settle(seen);
  if (seen.runningMs < delayMs || !isBad(seen.health)) return { kind: 'stay' };
  return healsUnhealthy ? { kind: 'repair', because: `it is ${seen.health.state}` } : settle(seen);
}

const isBad = ({ state }: Health): boolean => state === 'UNHEALTHY' || state === 'TIMEOUT';
const settle = ({ action }: Seen): Verdict => ({ kind: action === 'VERIFYING' ? 'verified' : 'stay' });

export type Probe = 'HEALTHY' | 'UNHEALTHY' | 'TIMEOUT';

/** Counts a probe: a state changes only after as many equal answers as the thresholds say. */
export function countProbe(
  health: Health,
  probe: Probe,
  healthyThreshold: number,
  unhealthyThreshold: number,
): Health {
  const good = probe === 'HEALTHY';
  const successes = good ? health.successes + 1 : 0;
  const failures = good ? 0 : health.failures + 1;
  if (successes >= healthyThreshold) return { state: 'HEALTHY', successes, failures };
  if (failures >= unhealthyThreshold) return { state: probe, successes, failures };
  return { state: health.state, successes, failures };
}
