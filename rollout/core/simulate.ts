/**
 * A small simulated fleet: relays with calls, a group that re-creates VMs. `rollout plan` runs the decision on it, and
 * so do the tests. Deterministic: time and chance come from outside. It cuts calls exactly as the real thing would.
 */

import type { Timeouts } from '../../lib/relay/timeouts.ts';
import type { Begun, Cordon, Leave, Look, SelfReport, Target } from './fleet.ts';
import { keyOf, type Sighting } from './memory.ts';
import { arrivalOf, floatingOf, guestsOf } from './simulate-floating.ts';

export type SimRelay = {
  readonly zone: string;
  readonly name: string;
  /** Numeric VM id. */
  id: number;
  /** Template that the VM was made from. */
  template: string;
  limit: number;
  deleteDelay: number;
  timeouts: Timeouts;
  /** When each call that is up ends. */
  calls: number[];
  /** Name of the relay that has its floating address; undefined: the fleet has none. */
  at: string | undefined;
  /** Calls at that address, once they are with the other one. */
  moved: number[];
  /** It has not let go yet what moved, and tells it as calls of its own. */
  ghosts: number;
  cordon: Cordon | undefined;
  leave: Leave | undefined;
  forcedBy: string | undefined;
  awaitsController: boolean;
  createdAt: number;
  startedAt: number;
  /** Answers from then on; before, its group is busy with it. */
  readyAt: number;
};

export type World = {
  readonly name: string;
  readonly zones: readonly string[];
  /** The template that all groups want. */
  target: string;
  readonly relays: readonly SimRelay[];
  /** The same by `keyOf`: fleets have thousands, and each act means one of them. */
  readonly index: ReadonlyMap<string, SimRelay>;
  /** From the order to replace a VM until the new one answers, ms. */
  readonly replaceMs: number;
  lastId: number;
  /** A hand-over that has not ended. */
  begun: Begun | undefined;
  /** Calls that came in at an address that was away from home, at a relay that they would not follow from. */
  misplaced: number;
  /** Calls that were up on a VM when it was re-created, or that found no relay. */
  cut: number;
  refused: number;
  placed: number;
};

export type WorldOptions = {
  readonly zones: readonly string[];
  readonly perZone: number;
  readonly replaceMs: number;
  readonly now: number;
  /** Each relay has a floating address; false if absent. */
  readonly floating?: boolean;
};

const TIMEOUTS: Timeouts = { silent: 3600, offer: 240 };
export const OLD_TEMPLATE = 'old';
export const NEW_TEMPLATE = 'new';

/** A fleet that serves the old template while its groups want the new one. */
export function createWorld({ zones, perZone, replaceMs, now, floating = false }: WorldOptions): World {
  const relays = zones.flatMap((zone, z) =>
    Array.from({ length: perZone }, (_, i) => bornAt(zone, `sim-${zone}-${i}`, z * perZone + i + 1, now)),
  );
  if (floating) for (const relay of relays) relay.at = relay.name;
  return {
    name: 'sim',
    zones,
    target: NEW_TEMPLATE,
    ...indexed(relays),
    replaceMs,
    lastId: relays.length,
    begun: undefined,
    misplaced: 0,
    cut: 0,
    refused: 0,
    placed: 0,
  };
}

export function bornAt(zone: string, name: string, id: number, now: number): SimRelay {
  return {
    zone,
    name,
    id,
    template: OLD_TEMPLATE,
    limit: -1,
    deleteDelay: 5,
    timeouts: TIMEOUTS,
    calls: [],
    at: undefined,
    moved: [],
    ghosts: 0,
    cordon: undefined,
    leave: undefined,
    forcedBy: undefined,
    awaitsController: false,
    createdAt: now - 3_600_000,
    startedAt: now - 3_600_000,
    readyAt: now,
  };
}

export function indexed(relays: readonly SimRelay[]): Pick<World, 'relays' | 'index'> {
  return { relays, index: new Map(relays.map((relay) => [keyOf(relay), relay])) };
}

/** The simulated relay that somebody means; undefined: there is none of that name. */
export function simRelay({ index }: World, meant: Pick<SimRelay, 'zone' | 'name'>): SimRelay | undefined {
  return index.get(keyOf(meant));
}

/** Calls end whose time has come. */
export function advance(world: World, now: number): void {
  for (const relay of world.relays) {
    if (relay.calls.some((end) => end <= now)) relay.calls = up(relay.calls, now);
    if (relay.moved.some((end) => end <= now)) relay.moved = up(relay.moved, now);
  }
}

export function up(calls: readonly number[], now: number): number[] {
  return calls.filter((end) => end > now);
}

/** A new call goes to the `pick`-th relay that takes calls, as proxies do it. */
export function placeCall(world: World, pick: number, endsAt: number, now: number): void {
  const open = world.relays.filter((relay) => {
    const there = arrivalOf(world, relay);
    return there !== undefined && there.readyAt <= now && there.limit !== 0;
  });
  const relay = open[Math.floor(pick * open.length)];
  if (relay === undefined) world.refused += 1;
  else {
    if (relay.at !== undefined && relay.at !== relay.name) world.misplaced += 1;
    world.placed += 1;
    relay.calls.push(endsAt);
  }
}

/** The group deletes the VM with all that is on it and makes a new one under the same name. */
export function recreate(world: World, relay: SimRelay, now: number): void {
  const guests = guestsOf(world, relay);
  world.cut += [relay.calls, ...guests.map(({ moved }) => moved)].flatMap((calls) => up(calls, now)).length;
  for (const guest of guests) guest.moved = [];
  world.lastId += 1;
  Object.assign(relay, {
    id: world.lastId,
    template: world.target,
    // Born cordoned; without `admission=controller` it admits itself after its own check.
    limit: relay.awaitsController ? 0 : -1,
    deleteDelay: 5,
    timeouts: TIMEOUTS,
    calls: [],
    ghosts: 0,
    cordon: undefined,
    leave: undefined,
    forcedBy: undefined,
    createdAt: now,
    startedAt: now + world.replaceMs,
    readyAt: now + world.replaceMs,
  });
}

/** RTPEngine restarts: its calls end, and what was set at run time is forgotten. */
export function restart(world: World, relay: SimRelay, now: number): void {
  relay.calls = [];
  relay.ghosts = 0;
  for (const guest of guestsOf(world, relay)) guest.moved = [];
  relay.limit = -1;
  relay.deleteDelay = 5;
  relay.timeouts = TIMEOUTS;
  relay.startedAt = now;
}

/** What a relay answers when it is asked. */
export function lookAt(world: World, relay: SimRelay, now: number): Look {
  if (relay.readyAt > now) return { kind: 'silence', at: now, reason: 'not up' };
  let calls = 0;
  for (const end of relay.calls) if (end > now) calls += 1;
  if (relay.at !== undefined) for (const { moved } of guestsOf(world, relay)) calls += up(moved, now).length;
  return {
    kind: 'answer',
    at: now,
    limit: relay.limit,
    own: calls + relay.ghosts,
    foreign: 0,
    packetRate: calls * 100,
    media: calls,
    uptime: Math.floor((now - relay.startedAt) / 1000),
  };
}

const SIM_VERSION = 'mr12.5.1.31';

export function reportOf(relay: SimRelay, now: number): SelfReport | undefined {
  return relay.readyAt > now ? undefined : { version: SIM_VERSION, health: { ok: true, failed: [] } };
}

/** What the cloud says about a relay. */
export function cloudView(world: World, relay: SimRelay, now: number): Sighting {
  const ready = relay.readyAt <= now;
  return {
    zone: relay.zone,
    name: relay.name,
    id: String(relay.id),
    address: '192.0.2.1',
    vm: {
      state: ready ? 'ready' : 'changing',
      detail: ready ? 'NONE RUNNING' : 'RECREATING STAGING',
      createdAt: relay.createdAt,
    },
    template: relay.template,
    onTarget: relay.template === world.target,
    version: SIM_VERSION,
    cordon: relay.cordon,
    leave: relay.leave,
    forcedBy: relay.forcedBy,
    awaitsController: relay.awaitsController,
    ...floatingOf(world, relay),
  };
}

export function targetsOf(world: World): readonly Target[] {
  return world.zones.map((zone) => ({
    zone,
    template: world.target,
    image: world.target,
    version: SIM_VERSION,
  }));
}
