/**
 * A whole rollout on a simulated fleet under load, with everything going wrong that may: lost, late and stale answers, calls
 * of the cloud that fail, VMs that do not come up, zones that go dark, quota that is used up, a controller that is killed
 * again and again, over any effect and any line of its journal. One chain of chances, one story.
 */
import type { Policy } from '../../rollout/core/policy.ts';
import { Killed } from './ports.ts';
import { startRun } from './runs.ts';
import { createStage, type Faults, type Load, pass, type Stage } from './stage.ts';

export type Chaos = {
  readonly zones: number;
  readonly perZone: number;
  readonly load: Load;
  readonly faults: Faults;
  readonly random: () => number;
  readonly start: number;
};

/** Everything at once. */
export const FAULTS: Faults = {
  ...{ silence: 0.05, late: 0.05, stale: 0.05 },
  ...{ effect: 0.1, read: 0.01, create: 0.1, dark: 0.0005, quota: 0.002 },
  ...{ killAtEffect: 0.02, killAtEvent: 0.002 },
};

const REPLACE_MS = 20_000;
/** A run that ends as held or halted is started again by a person after this, ms. */
const PERSON_MS = 60_000;
const MOST_PROCESSES = 20_000;

export type ChaosEnd = {
  readonly cut: number;
  readonly refused: number;
  readonly placed: number;
  readonly kills: number;
  readonly processes: number;
  /** How the last run ended. */
  readonly end: string;
  /** Relays that do not serve the new image as they should at the end. */
  readonly amiss: number;
  readonly hours: number;
};

/** Plays until the fleet is rolled and all calls were made. */
export async function playChaos(chaos: Chaos, policy: Policy): Promise<ChaosEnd> {
  const stage = createStage({ ...chaos, replaceMs: REPLACE_MS });
  let end = 'killed';
  while (end !== 'done' && stage.processes < MOST_PROCESSES) {
    end = await resultOf(stage, policy);
    if (end !== 'done' && end !== 'killed') pass(stage, PERSON_MS);
  }
  while (stage.made < chaos.load.calls) pass(stage, 1_000);
  const { world, kills, processes, now } = stage;
  const { cut, refused, placed } = world;
  return {
    cut,
    refused,
    placed,
    kills,
    processes,
    end,
    amiss: amiss(stage),
    hours: (now - chaos.start) / 3_600_000,
  };
}

async function resultOf(stage: Stage, policy: Policy): Promise<string> {
  try {
    return (await startRun(stage, policy)).result;
  } catch (error) {
    if (error instanceof Killed) return 'killed';
    throw error;
  }
}

function amiss({ world, off }: Stage): number {
  const serving = world.relays.filter(
    ({ template, limit, cordon, awaitsController, name }) =>
      template === world.target && limit !== 0 && cordon === undefined && !awaitsController && !off.has(name),
  );
  return world.relays.length - serving.length;
}
