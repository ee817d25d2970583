/** Random fleets, random faults: what must never happen, and that every rollout ends once calls end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seeded } from '../../../bench/rollout/seeded.ts';
import type { Act, Action } from '../../../rollout/core/actions.ts';
import { isAct } from '../../../rollout/core/actions.ts';
import { callsOn, type Fleet } from '../../../rollout/core/fleet.ts';
import type { Memory, Sighting } from '../../../rollout/core/memory.ts';
import { remember } from '../../../rollout/core/memory.ts';
import { endOf, plan } from '../../../rollout/core/plan.ts';
import { awayAtOnce, cordonedAtOnce, type Policy } from '../../../rollout/core/policy.ts';
import { apply } from '../../../rollout/core/preview.ts';
import type { SimRelay, World } from '../../../rollout/core/simulate.ts';
import {
  advance,
  cloudView,
  createWorld,
  lookAt,
  placeCall,
  reportOf,
  restart,
  targetsOf,
} from '../../../rollout/core/simulate.ts';
import { NOW, POLICY } from '../support/fleets.ts';

type Story = {
  readonly seed: number;
  readonly zones: number;
  readonly perZone: number;
  readonly maxUnavailable: number | string;
  readonly preCordon: number;
  readonly reserve: Policy['reserve'];
  readonly relayCalls: number;
  readonly silence: number;
  readonly lost: number;
  readonly restarts: number;
  readonly kills: number;
};

const story = fc.record<Story>({
  seed: fc.integer(),
  zones: fc.integer({ min: 1, max: 4 }),
  perZone: fc.integer({ min: 1, max: 4 }),
  maxUnavailable: fc.constantFrom<(number | string)[]>(1, 2, 3, 4, '25%', '50%'),
  preCordon: fc.constantFrom(0, 0, 1, 3),
  reserve: fc.constantFrom('none', 'relay', 'zone'),
  // Some 11 calls are up on each relay while calls come.
  relayCalls: fc.constantFrom(14, 18, 30, 1000),
  silence: fc.constantFrom(0, 0.1, 0.2),
  lost: fc.constantFrom(0, 0.2),
  restarts: fc.constantFrom(0, 0.003),
  kills: fc.constantFrom(0, 0.05),
});

const CALLS_FOR = 120;
const ROUNDS = 3_000;

test('no call is cut, the budget and the last admitting relay are respected, and every rollout ends', () => {
  fc.assert(
    fc.property(
      story.filter(({ zones, perZone, reserve }) => {
        const lost = { none: 0, relay: 1, zone: perZone }[reserve];
        return zones * perZone - 1 - lost >= 1;
      }),
      (told) => {
        const { world, end } = play(told);
        expect(world.cut).toBe(0);
        expect(end).toBe('done');
        expect(world.relays.every((relay) => relay.template === world.target && relay.limit !== 0)).toBe(
          true,
        );
        expect(world.relays.every((relay) => relay.cordon === undefined && !relay.awaitsController)).toBe(
          true,
        );
      },
    ),
    { numRuns: 250 },
  );
}, 120_000);

/** Plays a whole rollout, one round a second, and checks the invariants before each act. */
function play(told: Story): { readonly world: World; readonly end: string } {
  const random = seeded(told.seed);
  const policy: Policy = {
    ...POLICY,
    maxUnavailable: told.maxUnavailable,
    preCordon: told.preCordon,
    reserve: told.reserve,
    relayCalls: told.relayCalls,
    drainSeconds: 0,
    replaceSeconds: 100_000,
  };
  const zones = Array.from({ length: told.zones }, (_, index) => `z${index}`);
  const world = createWorld({ zones, perZone: told.perZone, replaceMs: 5_000, now: NOW });
  let memory: Memory = new Map();
  for (let round = 0; round < ROUNDS; round += 1) {
    const now = NOW + round * 1_000;
    live(world, random, round, now, told);
    if (random() < told.kills) memory = new Map();
    memory = remember(
      memory,
      world.relays.map((relay) => sight(world, relay, now, random, told)),
      policy.goodAnswers,
      now,
    );
    const fleet: Fleet = { name: 'sim', zones, targets: targetsOf(world), relays: [...memory.values()] };
    const actions = plan(fleet, policy, now);
    const end = endOf(actions);
    if (end !== undefined) return { world, end };
    check(world, fleet, actions, policy, now);
    for (const act of actions.filter(isAct)) carryOut(world, act, policy, now, random, told);
  }
  return { world, end: `not ended after ${ROUNDS} rounds` };
}

/** Calls come and go; relays restart (that ends their calls, but no rollout did it). */
function live(world: World, random: () => number, round: number, now: number, told: Story): void {
  advance(world, now);
  if (round < CALLS_FOR)
    for (let call = 0; call < world.relays.length; call += 1)
      placeCall(world, random(), now + 1_000 + random() * 20_000, now);
  for (const relay of world.relays) if (relay.readyAt <= now && random() < told.restarts) restart(relay, now);
}

function sight(world: World, relay: SimRelay, now: number, random: () => number, told: Story): Sighting {
  const report = reportOf(relay, now);
  const heard = random() >= told.silence;
  return {
    ...cloudView(world, relay, now),
    look: heard ? lookAt(relay, now) : { kind: 'silence', at: now, reason: 'lost' },
    ...(report === undefined ? {} : { report }),
  };
}

/** An act may be lost, or be cut in half by a kill: the label is written, the relay not told. */
function carryOut(
  world: World,
  act: Act,
  policy: Policy,
  now: number,
  random: () => number,
  told: Story,
): void {
  if (random() < told.lost) return;
  const relay = world.relays.find(({ name }) => name === act.relay.name);
  const limit = relay?.limit;
  apply(world, act, policy, now);
  if (relay !== undefined && limit !== undefined && act.kind === 'cordon' && random() < told.kills)
    relay.limit = limit;
}

function check(world: World, fleet: Fleet, actions: readonly Action[], policy: Policy, now: number): void {
  const isServing = (relay: SimRelay) =>
    relay.readyAt <= now && relay.limit !== 0 && relay.cordon === undefined;
  const acts = actions.filter(isAct);
  for (const act of acts.filter(({ kind }) => kind === 'replace')) {
    const relay = world.relays.find(({ name }) => name === act.relay.name);
    expect(relay?.calls).toEqual([]);
    expect(act.relay.looks.at(-1)?.kind).toBe('answer');
  }
  const replaced = acts.filter(({ kind }) => kind === 'replace').length;
  const away = world.relays.filter((relay) => relay.readyAt > now || relay.awaitsController).length;
  const most = awayAtOnce(policy, world.relays.length);
  // A relay that is to be replaced again after a lost order is away already.
  if (away === 0) expect(replaced).toBeLessThanOrEqual(most);
  const cordoned = acts.filter(({ kind }) => kind === 'cordon').map(({ relay }) => relay.name);
  if (cordoned.length === 0) return;
  const costly = world.relays.filter((relay) => cordoned.includes(relay.name) && isServing(relay));
  const left = world.relays.filter((relay) => isServing(relay) && !cordoned.includes(relay.name));
  if (costly.length === 0) return;
  expect(left.length).toBeGreaterThanOrEqual(1);
  expect(world.relays.length - left.length).toBeLessThanOrEqual(cordonedAtOnce(policy, world.relays.length));
  const heard = fleet.relays.filter((relay) => relay.looks.at(-1)?.kind === 'answer');
  const load = heard.reduce((sum, relay) => sum + Number(callsOn(relay)), 0);
  expect(carriedAfterLoss(left, policy)).toBeGreaterThanOrEqual(load);
  const zonesOf = new Set(
    world.relays
      .filter((relay) => relay.cordon !== undefined || cordoned.includes(relay.name))
      .map(({ zone }) => zone),
  );
  expect(zonesOf.size).toBe(1);
}

/** The worst that can be lost, by trying each. */
function carriedAfterLoss(left: readonly SimRelay[], { reserve, relayCalls }: Policy): number {
  const lost = {
    none: [0],
    relay: [1],
    zone: left.map(({ zone }) => left.filter((relay) => relay.zone === zone).length),
  }[reserve];
  return (left.length - Math.max(...lost)) * relayCalls;
}
