/** How disruptive a change is: what an update of a VM needs at least. Pure. */
import type { InstanceProperties } from '../types.ts';

/** From least to most disruptive; an update does the strongest of what it needs and what is asked. */
export const UPDATE_ACTIONS = ['NONE', 'REFRESH', 'RESTART', 'REPLACE'] as const;
export type UpdateAction = (typeof UPDATE_ACTIONS)[number];

/** Changed in place, and those that take effect at the next start (GCE: "Applying new configurations to VMs in a MIG"). */
const REFRESHED: ReadonlySet<string> = new Set(['labels', 'metadata', 'description']);
const RESTARTED: ReadonlySet<string> = new Set([
  'machineType',
  'scheduling',
  'serviceAccounts',
  'shieldedInstanceConfig',
]);

export const rank = (action: UpdateAction): number => UPDATE_ACTIONS.indexOf(action);
export const stronger = (a: UpdateAction, b: UpdateAction): UpdateAction => (rank(a) >= rank(b) ? a : b);

/** The least that brings a VM from one set of properties to the other. */
export function neededAction(from: InstanceProperties, to: InstanceProperties): UpdateAction {
  const left = from as Readonly<Record<string, unknown>>;
  const right = to as Readonly<Record<string, unknown>>;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  let needed: UpdateAction = 'NONE';
  for (const key of keys) {
    if (JSON.stringify(left[key]) === JSON.stringify(right[key])) continue;
    needed = stronger(needed, REFRESHED.has(key) ? 'REFRESH' : RESTARTED.has(key) ? 'RESTART' : 'REPLACE');
  }
  return needed;
}
