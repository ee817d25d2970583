/** What of a command line changes the policy. Pure. */
import type { Overrides } from '../core/policy.ts';

/** Keys of the fleet file's `rollout` that a run may be given. */
const KEYS = [
  'maxUnavailable',
  'preCordon',
  'reserve',
  'bakeSeconds',
  'drainSeconds',
  'tail',
  'reapAfterSeconds',
  'reapSilentSeconds',
  'replaceSeconds',
  'pollSeconds',
] as const satisfies readonly (keyof Overrides)[];

export type PolicyOptions = Pick<Overrides, (typeof KEYS)[number]>;

export function overridesOf(options: PolicyOptions, drain: boolean): Overrides {
  const given = KEYS.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]]));
  return { drain, ...Object.fromEntries(given) };
}
