/** How a fleet is rolled: the fleet file's `rollout` section with the run's overrides. Pure. */
import type { Fleet as FleetFile } from '../../configs/fleet.ts';
import { countOf } from '../../configs/share.ts';

/** Without the webhooks: their URLs may hold secrets, and a policy is told to everybody. */
export type Policy = Readonly<Omit<FleetFile['rollout'], 'hooks'>> & {
  /** `--drain`: wait for calls to end. Without it a run refuses while a stale relay has calls. */
  readonly drain: boolean;
  /** `maxsessions` of an admitted relay; -1 = no limit. */
  readonly servingLimit: number;
  /** Calls that one relay can carry. */
  readonly relayCalls: number;
  /** Nothing is begun after this, and drains that last are held; absent: there is no such moment. */
  readonly until?: number;
  /** The run is done once so much of the fleet is on the new image: relays, or a share of them; absent: all. */
  readonly share?: number | string;
};

/** Overrides of one run; absent: as the fleet file says. */
export type Overrides = Partial<Omit<FleetFile['rollout'], 'hooks'>> &
  Pick<Policy, 'drain' | 'until' | 'share'>;

export function effectivePolicy(file: FleetFile, overrides: Overrides): Policy {
  const { ports } = file.rtpengine;
  const limit = file.rtpengine.options['max-sessions'];
  const { hooks: _, ...rollout } = file.rollout;
  return {
    ...rollout,
    ...overrides,
    servingLimit: typeof limit === 'number' && limit > 0 ? limit : -1,
    relayCalls: file.relays.maxCalls ?? Math.floor((ports.max - ports.min + 1) / PORTS_OF_A_CALL),
  };
}

/** RTP and RTCP on each of its two legs. */
const PORTS_OF_A_CALL = 4;

/** How many relays of a fleet of `relays` may be away at once. */
export function awayAtOnce({ maxUnavailable }: Pick<Policy, 'maxUnavailable'>, relays: number): number {
  return countOf(maxUnavailable, relays, 1);
}

/** How many may be away or drain at once. */
export function cordonedAtOnce(policy: Pick<Policy, 'maxUnavailable' | 'preCordon'>, relays: number): number {
  return awayAtOnce(policy, relays) + countOf(policy.preCordon, relays, 0);
}
