/** Plays a story with the decision alone, one round a second, and holds every act against what is really so. */
import { expect } from 'vitest';
import { seeded } from '../../../bench/rollout/seeded.ts';
import type { Act, Action } from '../../../rollout/core/actions.ts';
import { isAct, isMove, type Move, partnerOf } from '../../../rollout/core/actions.ts';
import type { Fleet, Look, Movable } from '../../../rollout/core/fleet.ts';
import { type Memory, remember, type Sighting } from '../../../rollout/core/memory.ts';
import { endOf, plan, standingsOf } from '../../../rollout/core/plan.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import { apply } from '../../../rollout/core/preview.ts';
import {
  advance,
  cloudView,
  createWorld,
  lookAt,
  placeCall,
  reportOf,
  restart,
  type SimRelay,
  simRelay,
  targetsOf,
  type World,
} from '../../../rollout/core/simulate.ts';
import { giveBack, handOver } from '../../../rollout/core/simulate-floating.ts';
import { restoring, underPause, type Wish } from '../../../rollout/core/wish.ts';
import { NOW } from './fleets.ts';
import { checkRound, type Round } from './invariants.ts';
import { CALLS_FOR, policyOf, type Story, ZOMBIES_UNTIL } from './story.ts';

const ROUNDS = 6_000;
/** A session limit of its own for every third relay, which an abort has to give back. */
const OWN_LIMIT = 500;

export type Played = {
  readonly world: World;
  readonly end: string;
  /** Calls that forced replacements cut: these alone may. */
  readonly cutByForce: number;
};

type Play = {
  readonly told: Story;
  readonly world: World;
  readonly random: () => number;
  memory: Memory;
  now: number;
  round: number;
  isShareDone: boolean;
  wish: Wish | undefined;
  isAborted: boolean;
  cutByForce: number;
  /** When the first relay of the new image was admitted. */
  readonly admittedAt: Map<string, number>;
};

export function play(told: Story): Played {
  const zones = Array.from({ length: told.zones }, (_, index) => `z${index}`);
  const { perZone, floating } = told;
  const world = createWorld({ zones, perZone, replaceMs: 5_000, now: NOW, floating });
  for (const [index, relay] of world.relays.entries()) if (index % 3 === 0) relay.limit = OWN_LIMIT;
  const playing: Play = {
    ...{ told, world, random: seeded(told.seed), memory: new Map(), now: NOW, round: 0 },
    ...{ isShareDone: false, wish: undefined, isAborted: false, cutByForce: 0, admittedAt: new Map() },
  };
  for (; playing.round < ROUNDS; playing.round += 1) {
    playing.now = NOW + playing.round * 1_000;
    live(playing);
    if (playRound(playing)) return { world, end: 'done', cutByForce: playing.cutByForce };
  }
  return { world, end: `not ended after ${ROUNDS} rounds`, cutByForce: playing.cutByForce };
}

/** One round; true: nothing is left to be done, by anybody. */
function playRound(playing: Play): boolean {
  const { told, world, now, random } = playing;
  if (random() < told.kills) playing.memory = new Map();
  const policy = policyOf(told, playing.isShareDone);
  const seen = world.relays.map((relay) => sight(playing, relay));
  playing.memory = remember(playing.memory, seen, policy.goodAnswers, now);
  const relays = [...playing.memory.values()];
  const begun = world.begun === undefined ? {} : { begun: world.begun };
  const fleet = { name: 'sim', zones: world.zones, targets: targetsOf(world), relays, ...begun };
  const actions = decide(playing, fleet, plan(fleet, policy, now), standingsOf(fleet, policy));
  const isPaused = playing.wish?.kind === 'pause';
  checkRound({ told, world, fleet, policy, now, actions, isPaused, admittedAt: playing.admittedAt });
  if (actions.some(({ kind }) => kind === 'halt')) playing.memory = new Map();
  const end = endOf(actions);
  if (end === 'done' || (end === 'held' && playing.wish?.kind === 'abort')) return ended(playing, policy);
  for (const act of actions.filter(isAct)) {
    if (random() < told.kills / 5) {
      playing.memory = new Map();
      break;
    }
    carryOut(playing, act, policy);
  }
  return false;
}

function decide(
  playing: Play,
  fleet: Fleet,
  planned: readonly Action[],
  standings: Round['standings'],
): readonly Action[] {
  const { told, round, now, isAborted } = playing;
  const wish = (kind: Wish['kind']): Wish => ({
    run: 'r',
    kind,
    uncordon: kind === 'abort',
    by: 'ann',
    at: now,
  });
  if (told.abortAt === round) playing.wish = wish('abort');
  if (playing.wish?.kind === 'abort' && !isAborted)
    return restoring(fleet, standings, playing.wish, { replaceSeconds: 1_000 }, now);
  const { pause } = told;
  playing.wish = pause !== undefined && round >= pause.from && round < pause.to ? wish('pause') : undefined;
  return playing.wish === undefined ? planned : underPause(planned, playing.wish);
}

/** The end of a run; true: of the last one. */
function ended(playing: Play, policy: Policy): boolean {
  const { told, round, world } = playing;
  if (playing.wish?.kind === 'abort') {
    checkRestored(playing);
    playing.isAborted = true;
    playing.wish = undefined;
    playing.memory = new Map();
    return false;
  }
  if (policy.share !== undefined) {
    playing.isShareDone = true;
    return false;
  }
  const last = Math.max(told.rollbackAt ?? 0, told.leave?.to ?? 0, told.force?.at ?? 0, told.abortAt ?? 0);
  return round > last && world.relays.every(({ leave }) => leave === undefined);
}

/** After `abort --uncordon` no relay that a person did not ask to leave alone drains, and each has its own limit again. */
function checkRestored({ world, now }: Play): void {
  for (const [index, { cordon, leave, limit, template, readyAt, id, timeouts }] of world.relays.entries()) {
    if (leave !== undefined || readyAt > now || template === world.target) continue;
    expect(cordon).toBeUndefined();
    if (limit === 0 || id !== index + 1) continue;
    expect(limit).toBe(index % 3 === 0 ? OWN_LIMIT : -1);
    expect(timeouts.silent).toBe(3600);
  }
}

/** Calls come and go; relays restart (that ends their calls, but no rollout did it); people ask for things. */
function live({ told, world, random, round, now }: Play): void {
  advance(world, now);
  if (round < CALLS_FOR)
    for (let call = 0; call < world.relays.length; call += 1) {
      const ends = random() < told.zombies ? Number.POSITIVE_INFINITY : now + 1_000 + random() * 20_000;
      placeCall(world, random(), ends, now);
    }
  if (round === ZOMBIES_UNTIL)
    for (const relay of world.relays) {
      relay.calls = relay.calls.filter(Number.isFinite);
      relay.moved = relay.moved.filter(Number.isFinite);
    }
  for (const [index, relay] of world.relays.entries()) {
    if (relay.readyAt <= now && random() < told.restarts && round < ZOMBIES_UNTIL) {
      restart(world, relay, now);
      if (index % 3 === 0 && relay.id === index + 1) relay.limit = OWN_LIMIT;
    }
    ask(told, relay, index % world.relays.length, round, world.relays.length);
  }
  if (round === told.rollbackAt) world.target = 'old';
}

function ask({ leave, force }: Story, relay: SimRelay, index: number, round: number, relays: number): void {
  if (leave !== undefined && leave.relay % relays === index) {
    const isLeft = round >= leave.from && round < leave.to;
    relay.leave = isLeft ? { kind: leave.kind, by: 'ann', reason: '' } : undefined;
  }
  if (force?.at === round && force.relay % relays === index) relay.forcedBy = 'ann';
}

function sight({ told, world, random, now }: Play, relay: SimRelay): Sighting {
  const report = reportOf(relay, now);
  const heard = random() >= told.silence;
  const look = lookAt(world, relay, now);
  return {
    ...cloudView(world, relay, now),
    look: heard ? withTally(look) : { kind: 'silence', at: now, reason: 'lost' },
    ...(report === undefined ? {} : { report }),
    movable: random() < told.tied ? TIED : FREE,
  };
}

const TIED: Movable = { kind: 'no', because: '1 call cannot move' };
const FREE: Movable = { kind: 'yes' };

/** Calls end at a steady rate, and none badly. */
function withTally(look: Look): Look {
  if (look.kind === 'silence') return look;
  const nothing = { timedOut: 0, oneWay: 0, packets: 0, packetErrors: 0, packetsLost: 0 };
  return { ...look, tally: { ...nothing, ended: look.uptime } };
}

/** What moves calls dies on the way: when the other one is cordoned, when its label alone says so, or when all but the end is done. */
function halve({ world, random, now }: Play, act: Move, relay: SimRelay, policy: Policy): void {
  const to = simRelay(world, partnerOf(act));
  if (act.kind === 'give-back' || to === undefined) {
    giveBack(world, relay, true);
    return;
  }
  const { limit } = to;
  const at = random();
  if (at >= 0.5) {
    apply(world, act, policy, now);
    handOver(world, relay, to, true);
    return;
  }
  to.cordon ??= { at: now, by: 'sim', before: { limit, deleteDelay: to.deleteDelay } };
  if (at < 0.3) to.limit = 0;
}

/** An act may be lost, or be cut in half by a kill: the label is written, the relay not told. */
function carryOut(playing: Play, act: Act, policy: Policy): void {
  const { told, world, random, now, admittedAt } = playing;
  const relay = simRelay(world, act.relay);
  if (relay === undefined || random() < told.lost) return;
  const { limit, cordon } = relay;
  if (isMove(act) && random() < told.kills * 2) return void halve(playing, act, relay, policy);
  if (act.kind === 'force') playing.cutByForce += relay.calls.filter((end) => end > now).length;
  if (act.kind === 'uncordon' && act.settings.timeouts !== undefined) relay.timeouts = act.settings.timeouts;
  if (act.kind === 'reap' && cordon !== undefined) {
    relay.cordon = {
      ...cordon,
      before: { ...cordon.before, timeouts: cordon.before.timeouts ?? relay.timeouts },
    };
    relay.timeouts = { silent: 60, offer: 60 };
    relay.calls = relay.calls.filter(Number.isFinite);
  }
  apply(world, act, policy, now);
  if (act.kind === 'replace' || act.kind === 'force') relay.forcedBy = undefined;
  if (act.kind === 'cordon' && random() < told.kills) relay.limit = limit;
  if ((act.kind === 'admit' || act.kind === 'release') && !admittedAt.has(relay.template))
    admittedAt.set(relay.template, now);
}
