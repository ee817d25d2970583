/** How a fleet is rolled: the fleet file's `rollout` section with the run's overrides. Pure. */
import type { Fleet as FleetFile } from '../../configs/fleet.ts';

export type Policy = Readonly<FleetFile['rollout']> & {
  /** `--drain`: wait for calls to end. Without it a run refuses while a stale relay has calls. */
  readonly drain: boolean;
  /** `maxsessions` of an admitted relay; -1 = no limit. */
  readonly servingLimit: number;
};

/** Overrides of one run; absent: as the fleet file says. */
export type Overrides = Partial<FleetFile['rollout']> & { readonly drain: boolean };

export function effectivePolicy(file: FleetFile, overrides: Overrides): Policy {
  const limit = file.rtpengine.options['max-sessions'];
  return {
    ...file.rollout,
    ...overrides,
    servingLimit: typeof limit === 'number' && limit > 0 ? limit : -1,
  };
}
