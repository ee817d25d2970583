/** What of a command line changes the policy. Pure. */
import type { Overrides } from '../core/policy.ts';

/** Keys of the fleet file's `rollout` that a run may be given. */
const KEYS = [
  'maxUnavailable',
  'preCordon',
  'reserve',
  'bakeSeconds',
  'until',
  'share',
  'drainSeconds',
  'tail',
  'reapAfterSeconds',
  'reapSilentSeconds',
  'replaceSeconds',
  'pollSeconds',
] as const satisfies readonly (keyof Overrides)[];

export type PolicyOptions = Pick<Overrides, (typeof KEYS)[number]> & { readonly anyTime?: boolean };

export function overridesOf(options: PolicyOptions, drain: boolean): Overrides {
  const given = KEYS.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]]));
  const windows = options.anyTime === true ? { windows: [] } : {};
  return { drain, ...windows, ...Object.fromEntries(given) };
}
