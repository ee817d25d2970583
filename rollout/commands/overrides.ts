/** What of a command line changes the policy. Pure. */
import { FleetError } from '../../lib/errors.ts';
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

export type PolicyOptions = Pick<Overrides, (typeof KEYS)[number]> & {
  readonly anyTime?: boolean;
  readonly handover?: boolean;
};

/** Rejects with FleetError `usage` what cannot be meant together. */
export function overridesOf(options: PolicyOptions, drain: boolean): Overrides {
  if (options.handover === true && (options.tail ?? 'hand-over') !== 'hand-over')
    throw new FleetError({
      kind: 'usage',
      code: 'tail',
      message: `--handover and --tail ${options.tail} cannot both be meant`,
      hint: 'Leave one of them out.',
    });
  const given = KEYS.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]]));
  const windows = options.anyTime === true ? { windows: [] } : {};
  const onwards = options.handover === true ? { tail: 'hand-over' as const } : {};
  return { drain, ...windows, ...Object.fromEntries(given), ...onwards };
}
