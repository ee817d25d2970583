/** How a fleet is rolled: the fleet file's `rollout` section with the run's overrides, in the core's units. Pure. */
import type { Fleet as FleetFile } from '../../configs/fleet.ts';
import type { Settings } from './fleet.ts';

export type Policy = FleetFile['rollout'] & {
  /** `--drain`: wait for calls to end. Without it a run refuses while a stale relay has calls. */
  readonly drain: boolean;
  /** What an admitted relay runs with. */
  readonly serving: Settings;
  /** Delete-delay of a draining relay, seconds; never above its own. */
  readonly drainingDeleteDelay: number;
};

/** Overrides of one run; absent: as the fleet file says. */
export type Overrides = Partial<FleetFile['rollout']> & { readonly drain: boolean };

/**
 * While a relay drains, an ended call is kept for at most so long (seconds): it counts as a call while it is kept, and
 * with 0 the last packets on their way when it ends would be dropped (measured: facts/rtpengine.md C2).
 */
const DRAINING_DELETE_DELAY = 1;

export function effectivePolicy(file: FleetFile, overrides: Overrides): Policy {
  const own = file.rtpengine.options['max-sessions'];
  return {
    ...file.rollout,
    ...overrides,
    serving: {
      limit: typeof own === 'number' && own !== 0 ? own : -1,
      deleteDelay: file.rtpengine.deleteDelaySeconds,
    },
    drainingDeleteDelay: Math.min(DRAINING_DELETE_DELAY, file.rtpengine.deleteDelaySeconds),
  };
}
