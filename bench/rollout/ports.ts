/** The ports of a rollout on a simulated fleet, for one process of a controller. Pure. */
import { FleetError } from '../../lib/errors.ts';
import type { Look } from '../../rollout/core/fleet.ts';
import { cloudView, lookAt, reportOf, targetsOf } from '../../rollout/core/simulate.ts';
import { giveBack, handOver } from '../../rollout/core/simulate-floating.ts';
import type { Clock, Cloud, Move, Moves, Proxies, Relays } from '../../rollout/ports.ts';
import { isDark, isUsedUp, pass, relayCalled, remake, type Stage } from './stage.ts';

export class Killed extends Error {}

/** A controller that runs on a stage until it ends or dies; what a dead one still awaits has no effect. */
export type Running = {
  readonly stage: Stage;
  readonly id: string;
  /** The effect, and the line of the journal, at which it dies; counted from 1. */
  readonly killAt: number;
  readonly killAtEvent: number;
  effects: number;
  events: number;
  dead: boolean;
};

const EFFECT_MS = 20;

/** One effect: takes time, may fail before or after it was carried out, may be where the process dies. */
async function effect<T>(running: Running, act: () => T): Promise<T> {
  await alive(running);
  const { stage, killAt } = running;
  const { faults, random } = stage;
  running.effects += 1;
  stage.effects += 1;
  const fate = random();
  const dies = running.effects >= killAt || random() < faults.killAtEffect;
  pass(stage, EFFECT_MS);
  if (dies && running.effects % 2 === 0) throw killed(running);
  if (fate < faults.effect / 2) throw fault('of an effect');
  const result = act();
  if (dies) throw killed(running);
  if (fate < faults.effect) throw fault('of the answer to an effect');
  return result;
}

async function alive({ dead }: Running): Promise<void> {
  await Promise.resolve();
  if (dead) throw new Killed();
}

export function killed(running: Running): Killed {
  running.dead = true;
  running.stage.kills += 1;
  return new Killed();
}

function fault(what: string): FleetError {
  return new FleetError({ kind: 'retry', code: 'simulated-fault', message: `a simulated fault ${what}` });
}

export function clockOf(running: Running): Clock {
  return {
    now: () => running.stage.now,
    sleep: async (ms) => {
      await alive(running);
      pass(running.stage, ms);
    },
  };
}

export function cloudOf(running: Running): Cloud {
  const { stage } = running;
  const { world, faults, random } = stage;
  const read = async (zone: string) => {
    await alive(running);
    const broken = faults.read * (isDark(stage, zone) ? 10 : 1);
    if (broken > 0 && random() < broken) throw fault('of a read');
  };
  return {
    readZone: async (zone) => {
      await read(zone);
      const target = targetsOf(world).find((one) => one.zone === zone);
      if (target === undefined) throw new TypeError(zone);
      const relays = world.relays.filter((relay) => relay.zone === zone);
      return { target, relays: relays.map((relay) => cloudView(world, relay, stage.now)) };
    },
    readReport: async ({ zone, name }) => {
      await read(zone);
      return reportOf(relayCalled(stage, name), stage.now) ?? { version: undefined, health: undefined };
    },
    mark: ({ name }, cordon) =>
      effect(running, () => {
        // A label keeps whole seconds.
        relayCalled(stage, name).cordon = { ...cordon, at: Math.floor(cordon.at / 1000) * 1000 };
      }),
    unmark: ({ name }) =>
      effect(running, () => {
        relayCalled(stage, name).cordon = undefined;
      }),
    awaitController: ({ name }) =>
      effect(running, () => {
        relayCalled(stage, name).awaitsController = true;
      }),
    release: ({ name }) =>
      effect(running, () => {
        relayCalled(stage, name).awaitsController = false;
      }),
    replace: ({ name, id }) => effect(running, () => replace(stage, name, id)),
  };
}

function replace(stage: Stage, name: string, id: string): void {
  const { now, random, world } = stage;
  const relay = relayCalled(stage, name);
  if (relay.readyAt > now || relay.template === world.target) return;
  if (String(relay.id) !== id) throw new FleetError({ kind: 'retry', code: 'vm-changed', message: name });
  if (isUsedUp(stage) && random() < 0.5)
    throw new FleetError({ kind: 'hold', code: 'gce-quota', message: 'the project may have no more VMs' });
  remake(stage, relay);
}

export function relaysOf(running: Running): Relays {
  const { stage } = running;
  const found = async (name: string) => {
    await alive(running);
    return relayCalled(stage, name);
  };
  return {
    look: async ({ name }, known) => {
      const relay = await found(name);
      const look = hear(stage, name, lookAt(stage.world, relay, stage.now), String(relay.id));
      return known === undefined || look.kind === 'silence' ? look : { ...look, ...known };
    },
    settings: async ({ name }) => {
      const { limit, deleteDelay } = await found(name);
      return { limit, deleteDelay };
    },
    cordon: ({ name }) =>
      effect(running, () => {
        Object.assign(relayCalled(stage, name), { limit: 0, deleteDelay: 2 });
      }),
    ages: async () => undefined,
    callIds: async ({ name }) => (await found(name)).calls.map((_, index) => `call${index}`),
    timeouts: async ({ name }) => (await found(name)).timeouts,
    setTimeouts: ({ name }, timeouts) =>
      effect(running, () => {
        const relay = relayCalled(stage, name);
        relay.timeouts = timeouts;
        // A call that never ends by itself has no packets.
        if (timeouts.silent < 3600) relay.calls = relay.calls.filter(Number.isFinite);
      }),
    restore: ({ name }, { limit, deleteDelay, timeouts }) =>
      effect(running, () => {
        const relay = relayCalled(stage, name);
        relay.timeouts = timeouts ?? relay.timeouts;
        relay.limit = limit;
        if (deleteDelay !== 'unknown') relay.deleteDelay = deleteDelay;
      }),
    emptyCalls: async () => [],
    removeEmptyCalls: () => effect(running, () => 0),
    probe: ({ name }, packets) =>
      effect(running, () => ({
        ok: !stage.badProbe.has(name),
        detail: stage.badProbe.has(name) ? `of ${packets} packets each way 0 arrived` : 'ok',
      })),
  };
}

/** What of an answer arrives: all of it, nothing, an earlier one, or counts that are as old as the earlier one. */
function hear(stage: Stage, name: string, look: Look, id: string): Look {
  const { answers, faults, mute, now, random } = stage;
  const key = `${name} ${id}`;
  const earlier = answers.get(key);
  if (look.kind === 'answer') answers.set(key, look);
  const lost: Look = { kind: 'silence', at: now, reason: 'lost' };
  if (mute.has(name) || isDark(stage, relayCalled(stage, name).zone) || random() < faults.silence)
    return lost;
  if (earlier === undefined || look.kind === 'silence') return look;
  if (faults.late > 0 && random() < faults.late) return earlier;
  if (faults.stale > 0 && random() < faults.stale) return { ...earlier, at: look.at, limit: look.limit };
  return look;
}

/** A move has two effects: the address with its calls, then the end of it. */
export function movesOf(running: Running): Moves {
  const { stage } = running;
  const step = async ({ giver, taker, home }: Move, half: boolean) =>
    await effect(running, () => {
      const { world } = stage;
      if (home.name !== giver.name) return giveBack(world, relayCalled(stage, home.name), half);
      handOver(world, relayCalled(stage, giver.name), relayCalled(stage, taker.name), half);
    });
  return {
    begun: async () => {
      await alive(running);
      return stage.world.begun;
    },
    movable: async () => ({ kind: 'yes' }),
    move: async (move) => {
      const calls = relayCalled(stage, move.home.name).calls.length;
      await step(move, true);
      await step(move, false);
      return { calls, mostPackets: 1, gaps: [] };
    },
  };
}

export function proxiesOf(running: Running): Proxies {
  const { off } = running.stage;
  return {
    check: async () => undefined,
    leaveOut: ({ name }) => effect(running, () => void off.add(name)).then(() => 'off'),
    takeBack: ({ name }) => effect(running, () => void off.delete(name)).then(() => 'on'),
    leftOut: async () => [],
  };
}
