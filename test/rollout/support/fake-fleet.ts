/** A small simulated fleet with everything about it in one hand. */
import { type RunOptions, startRun } from '../../../bench/rollout/runs.ts';
import { seeded } from '../../../bench/rollout/seeded.ts';
import { createStage, type Faults, NO_FAULTS, type Stage } from '../../../bench/rollout/stage.ts';
import type { EventBody } from '../../../rollout/core/events.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import type { RunEnd } from '../../../rollout/run-end.ts';
import { NOW } from './fleets.ts';

export type FakeOptions = {
  readonly zones?: number;
  readonly perZone?: number;
  readonly seed?: number;
  /** New calls come for so long, ms. */
  readonly callsForMs?: number;
  /** Calls last so long at least, ms. */
  readonly shortest?: number;
  readonly floating?: boolean;
  readonly faults?: Partial<Faults>;
  /** Sees each event as it is told. */
  readonly onEvent?: (event: EventBody, fleet: FakeFleet) => void;
};

export type FakeFleet = Pick<Stage, 'world' | 'mute' | 'badProbe' | 'off' | 'wishes'> & {
  readonly now: () => number;
  /** Starts a controller, as a new process would. */
  readonly start: (policy: Policy, given?: RunOptions) => Promise<RunEnd>;
  /** Effects so far, by all controllers. */
  readonly steps: () => number;
  readonly events: EventBody[];
};

export function fakeFleet(options: FakeOptions = {}): FakeFleet {
  const { zones = 3, perZone = 1, seed = 1, callsForMs = 60_000, faults = {}, onEvent } = options;
  const { shortest = 500, floating = false } = options;
  const events: EventBody[] = [];
  const stage: Stage = createStage({
    ...{ zones, perZone, replaceMs: 4_000, start: NOW, random: seeded(seed) },
    load: { perSecond: 10, surges: false, calls: callsForMs / 100, shortest, longest: shortest + 8_000 },
    floating,
    faults: { ...NO_FAULTS, ...faults },
    onEvent: (event) => {
      events.push(event);
      onEvent?.(event, fleet);
    },
  });
  const { world, mute, badProbe, off, wishes } = stage;
  const fleet: FakeFleet = {
    ...{ world, mute, badProbe, off, wishes, events },
    now: () => stage.now,
    start: (policy, given) => startRun(stage, policy, given),
    steps: () => stage.effects,
  };
  return fleet;
}
