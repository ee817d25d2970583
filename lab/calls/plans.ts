import { randomUUID } from 'node:crypto';
import type { CallPlan } from './call-state.ts';
import { seededRandom } from './random.ts';

export type PlanOptions = {
  readonly seed: number;
  readonly rate: number;
  readonly seconds: readonly [number, number];
  readonly reInviteShare: number;
};

export type Plans = {
  readonly next: () => CallPlan;
  /** Seconds until the next call arrives. */
  readonly pause: () => number;
};

/** Draws calls. All but the run's own part of their names follows from the seed. */
export function createPlans(options: PlanOptions, run: string = randomUUID()): Plans {
  const calls = seededRandom(options.seed);
  const arrivals = seededRandom(options.seed + 1);
  let count = 0;
  const whole = (below: number) => Math.floor(calls.uniform(0, below));
  return {
    pause: () => arrivals.pause(options.rate),
    next: () => {
      count += 1;
      const seconds = calls.uniform(...options.seconds);
      const isRenewed = calls.uniform(0, 1) < options.reInviteShare;
      const after = seconds * calls.uniform(0.2, 0.8);
      const by = calls.uniform(0, 1) < 0.5 ? 'A' : 'B';
      return {
        callId: `${count}-${run}`,
        tags: { a: `a${count}`, b: `b${count}` },
        seconds,
        ...(isRenewed ? { reInvite: { after, by } } : {}),
        ssrc: { a: whole(2 ** 32), b: whole(2 ** 32) },
        firstSequence: { a: whole(2 ** 16), b: whole(2 ** 16) },
      };
    },
  };
}
