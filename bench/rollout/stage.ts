/**
 * A simulated fleet on which real controllers run, one process after another: its calls, its faults by chance, and a clock
 * that moves only when somebody waits. One chain of chances, one story. Pure.
 */
import type { EventBody } from '../../rollout/core/events.ts';
import type { Answer } from '../../rollout/core/fleet.ts';
import {
  advance,
  createWorld,
  placeCall,
  recreate,
  type SimRelay,
  simRelay,
  type World,
} from '../../rollout/core/simulate.ts';
import type { Wish } from '../../rollout/core/wish.ts';

/** How likely each fault is, every time that it could strike. */
export type Faults = {
  /** A look gets no answer; or the answer to an earlier one; or counts as old as the look before, under a new date. */
  readonly silence: number;
  readonly late: number;
  readonly stale: number;
  /** An effect fails, half of the time after it was carried out; a read of the cloud fails. */
  readonly effect: number;
  readonly read: number;
  /** A VM that is made does not come up, and is made again. */
  readonly create: number;
  /** Each second: a zone goes dark, or the project's quota is used up. */
  readonly dark: number;
  readonly quota: number;
  /** The process dies: before or after an effect, or when it writes to its journal. */
  readonly killAtEffect: number;
  readonly killAtEvent: number;
};

export const NO_FAULTS: Faults = {
  ...{ silence: 0, late: 0, stale: 0, effect: 0, read: 0, create: 0, dark: 0, quota: 0 },
  ...{ killAtEffect: 0, killAtEvent: 0 },
};

export type Load = {
  readonly perSecond: number;
  /** Twice as many in every other 100 s. */
  readonly surges: boolean;
  /** So many are made in all. */
  readonly calls: number;
  /** They last evenly from the shortest to the longest, ms. */
  readonly shortest: number;
  readonly longest: number;
};

export type StageOptions = {
  readonly zones: number;
  readonly perZone: number;
  /** From the order to replace a VM until the new one answers, ms. */
  readonly replaceMs: number;
  readonly load: Load;
  readonly faults: Faults;
  /** In [0, 1). */
  readonly random: () => number;
  readonly start: number;
  /** Each relay has a floating address; false if absent. */
  readonly floating?: boolean;
  /** Sees each event as it is told. */
  readonly onEvent?: (event: EventBody) => void;
};

export type Stage = Omit<StageOptions, 'zones'> & {
  readonly world: World;
  now: number;
  /** Calls made so far. */
  made: number;
  /** Until when zones do not answer, and no VM is made. */
  readonly dark: Map<string, number>;
  quotaUntil: number;
  /** The last answer of each VM. */
  readonly answers: Map<string, Answer>;
  /** Relays that answer nobody; whose probe calls fail; that are switched off in the SIP proxies. */
  readonly mute: Set<string>;
  readonly badProbe: Set<string>;
  readonly off: Set<string>;
  /** What is asked of each run, by its id: `r1` is the first. */
  readonly wishes: Map<string, Wish>;
  /** Processes, effects and kills so far. */
  processes: number;
  effects: number;
  kills: number;
};

const STEP_MS = 100;
const DARK_MS = 60_000;
const QUOTA_MS = 120_000;

export function createStage({ zones, ...options }: StageOptions): Stage {
  const { perZone, replaceMs, start, floating = false } = options;
  const names = Array.from({ length: zones }, (_, index) => `z${index}`);
  return {
    ...options,
    world: createWorld({ zones: names, perZone, replaceMs, now: start, floating }),
    now: start,
    ...{ made: 0, quotaUntil: 0, processes: 0, effects: 0, kills: 0 },
    ...{ dark: new Map(), answers: new Map(), wishes: new Map() },
    ...{ mute: new Set(), badProbe: new Set(), off: new Set() },
  };
}

/** So much time passes: calls come and end, disasters begin. */
export function pass(stage: Stage, ms: number): void {
  for (const until = stage.now + ms; stage.now < until; ) {
    const before = stage.now;
    stage.now = Math.min(until, before + STEP_MS);
    advance(stage.world, stage.now);
    callsCome(stage);
    if (Math.floor(before / 1000) !== Math.floor(stage.now / 1000)) disasters(stage);
  }
}

function callsCome(stage: Stage): void {
  const { world, random, load, start, now } = stage;
  const since = now - start;
  const surge = load.surges && Math.floor(since / 100_000) % 2 === 1 ? 2 : 1;
  const due = (load.perSecond * surge * STEP_MS) / 1000;
  const calls = Math.floor(due) + (random() < due % 1 ? 1 : 0);
  for (let call = 0; call < calls && stage.made < load.calls; call += 1, stage.made += 1)
    placeCall(world, random(), now + load.shortest + random() * (load.longest - load.shortest), now);
}

function disasters(stage: Stage): void {
  const { world, random, faults, dark, now } = stage;
  if (faults.dark > 0)
    for (const zone of world.zones) if (random() < faults.dark) dark.set(zone, now + DARK_MS);
  if (faults.quota > 0 && random() < faults.quota) stage.quotaUntil = now + QUOTA_MS;
}

export function isDark({ dark, now }: Stage, zone: string): boolean {
  return (dark.get(zone) ?? 0) > now;
}

/** Is no VM made now, since the project may have no more? */
export function isUsedUp({ quotaUntil, now }: Stage): boolean {
  return quotaUntil > now;
}

/** The group deletes the VM and makes a new one, which may take several attempts, or wait for quota. */
export function remake(stage: Stage, relay: SimRelay): void {
  const { world, random, faults, replaceMs, now } = stage;
  recreate(world, relay, now);
  if (isUsedUp(stage)) relay.readyAt = stage.quotaUntil + replaceMs;
  while (random() < faults.create) relay.readyAt += replaceMs;
  relay.startedAt = relay.readyAt;
}

/** The relay of that name; names tell the zone. */
export function relayCalled({ world }: Stage, name: string): SimRelay {
  const zone = name.split('-')[1] ?? '';
  const relay = simRelay(world, { zone, name });
  if (relay === undefined) throw new TypeError(name);
  return relay;
}
