/**
 * A whole rollout on a simulated fleet under load, with everything going wrong that may: lost and late answers, calls of the
 * cloud that fail, VMs that do not come up, zones that go dark, a controller that is killed again and again, in the middle of
 * an act too. One seed, one story. Pure.
 */
import type { Act } from '../../rollout/core/actions.ts';
import { isAct } from '../../rollout/core/actions.ts';
import type { Look } from '../../rollout/core/fleet.ts';
import type { Memory, Sighting } from '../../rollout/core/memory.ts';
import { remember } from '../../rollout/core/memory.ts';
import { endOf, plan } from '../../rollout/core/plan.ts';
import type { Policy } from '../../rollout/core/policy.ts';
import { apply } from '../../rollout/core/preview.ts';
import {
  advance,
  cloudView,
  createWorld,
  lookAt,
  placeCall,
  reportOf,
  type SimRelay,
  targetsOf,
  type World,
} from '../../rollout/core/simulate.ts';

export type Chaos = {
  readonly seed: number;
  readonly zones: number;
  readonly perZone: number;
  /** New calls a second, in the whole fleet; twice as many in every other 100 s. */
  readonly callsPerSecond: number;
  /** So many are made in all. */
  readonly calls: number;
  /** Longest call, seconds; they last evenly from 1 s to this. */
  readonly callSeconds: number;
};

/** How often each fault strikes, per chance that it has. */
const FAULTS = { lost: 0.05, late: 0.05, api: 0.05, kill: 0.02, act: 0.1, create: 0.1, dark: 0.002 } as const;
const DARK_MS = 60_000;
const REPLACE_MS = 20_000;
const LONGEST_ROUNDS = 200_000;

export type ChaosEnd = Pick<World, 'cut' | 'placed' | 'refused'> & {
  readonly end: string;
  readonly seconds: number;
  readonly kills: number;
};

type Story = {
  readonly world: World;
  readonly random: () => number;
  /** Until when a zone does not answer. */
  readonly dark: Map<string, number>;
  readonly before: Map<string, Look>;
  kills: number;
};

/** Plays until the fleet is rolled. `random`: as the seed has it. */
export function playChaos(chaos: Chaos, policy: Policy, random: () => number, start: number): ChaosEnd {
  const zones = Array.from({ length: chaos.zones }, (_, index) => `z${index}`);
  const world = createWorld({ zones, perZone: chaos.perZone, replaceMs: REPLACE_MS, now: start });
  const story: Story = { world, random, dark: new Map(), before: new Map(), kills: 0 };
  let memory: Memory = new Map();
  let end: string | undefined;
  let made = 0;
  let round = 0;
  for (; round < LONGEST_ROUNDS && (end === undefined || made < chaos.calls); round += 1) {
    const now = start + round * 1000;
    made += live(story, chaos, made, round, now);
    if (end !== undefined || random() < FAULTS.api) continue;
    if (random() < FAULTS.kill) memory = killed(story);
    const seen = world.relays.map((relay) => sight(story, relay, now));
    memory = remember(memory, seen, policy.goodAnswers, now);
    const fleet = { name: 'chaos', zones, targets: targetsOf(world), relays: [...memory.values()] };
    const actions = plan(fleet, policy, now);
    end = actions.find(({ kind }) => kind === 'halt')?.because ?? endOf(actions);
    for (const act of actions.filter(isAct)) {
      if (random() < FAULTS.kill) memory = killed(story);
      carryOut(story, act, policy, now);
    }
  }
  const { cut, placed, refused } = world;
  return { cut, placed, refused, end: end ?? 'not ended', seconds: round, kills: story.kills };
}

function killed(story: Story): Memory {
  story.kills += 1;
  return new Map();
}

function live(
  { world, random, dark }: Story,
  chaos: Chaos,
  made: number,
  round: number,
  now: number,
): number {
  advance(world, now);
  const rate = chaos.callsPerSecond * (Math.floor(round / 100) % 2 === 0 ? 1 : 2);
  const calls = Math.min(rate, chaos.calls - made);
  for (let call = 0; call < calls; call += 1)
    placeCall(world, random(), now + 1000 + random() * chaos.callSeconds * 1000, now);
  for (const zone of world.zones) if (random() < FAULTS.dark) dark.set(zone, now + DARK_MS);
  return calls;
}

function sight({ world, random, dark, before }: Story, relay: SimRelay, now: number): Sighting {
  const report = reportOf(relay, now);
  const look = lookAt(relay, now);
  const key = `${relay.name} ${relay.id}`;
  const late = before.get(key);
  if (look.kind === 'answer') before.set(key, look);
  const lost = random() < FAULTS.lost || (dark.get(relay.zone) ?? 0) > now;
  const heard: Look = lost
    ? { kind: 'silence', at: now, reason: 'lost' }
    : late !== undefined && random() < FAULTS.late
      ? late
      : look;
  return { ...cloudView(world, relay, now), look: heard, ...(report === undefined ? {} : { report }) };
}

/** An act may fail before or after it took effect, or in the middle, and a new VM may need several attempts. */
function carryOut({ world, random }: Story, act: Act, policy: Policy, now: number): void {
  const relay = world.relays.find(({ name }) => name === act.relay.name);
  if (relay === undefined || random() < FAULTS.act) return;
  const { limit, id } = relay;
  if (act.kind === 'replace' && String(id) !== act.relay.id) return;
  apply(world, act, policy, now);
  if (act.kind === 'cordon' && random() < FAULTS.act) relay.limit = limit;
  while (act.kind === 'replace' && random() < FAULTS.create) relay.readyAt += REPLACE_MS;
}
