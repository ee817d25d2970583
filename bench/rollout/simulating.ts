/** Whole rollouts in the simulator: what they cost, and how near they come to what nobody can beat. */
import process from 'node:process';
import type { Policy } from '../../rollout/core/policy.ts';
import { preview } from '../../rollout/core/preview.ts';
import { simulated } from './fleets.ts';

const SIZES = [100, 1_000, 4_000, 10_000] as const;
const CALLS = 20;
const DRAIN_MS = 300_000;
const REPLACE_MS = 60_000;

export type Simulated = {
  readonly relays: number;
  /** Of the processor. */
  readonly seconds: number;
  readonly acts: number;
  readonly hours: number;
  readonly result: string;
  /** Time over the lower bound: a group after the other, in each the longest call, then one VM made. */
  readonly overBound: number;
};

const assume = { drainMs: () => DRAIN_MS, replaceMs: REPLACE_MS };

/** Fleets of any size in so many groups, a group at once. */
export function simulateSizes(groups: number, policy: Policy): readonly Simulated[] {
  return SIZES.map((relays) => simulate(relays, groups, { ...policy, maxUnavailable: '5%' }, groups));
}

/** A small fleet, relay by relay. */
export function simulateOneByOne(policy: Policy): Simulated {
  return simulate(12, 3, { ...policy, maxUnavailable: 1 }, 12);
}

/** `waves`: how many drains must follow each other. */
function simulate(relays: number, groups: number, policy: Policy, waves: number): Simulated {
  const fleet = simulated(relays, groups, CALLS);
  const before = process.cpuUsage();
  const { result, ms, steps } = preview(fleet, policy, assume, 0);
  const { user, system } = process.cpuUsage(before);
  return {
    ...{ relays, result, acts: steps.length },
    seconds: (user + system) / 1e6,
    hours: ms / 3_600_000,
    overBound: ms / (waves * (DRAIN_MS + REPLACE_MS)),
  };
}
