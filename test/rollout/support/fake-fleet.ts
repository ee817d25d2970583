/**
 * Fakes of the ports on a simulated fleet, with a clock that moves only when somebody waits. Every effect is a step;
 * the process can be killed before or after any of them.
 */
import { FleetError } from '../../../lib/errors.ts';
import { runRollout } from '../../../rollout/controller.ts';
import type { EventBody } from '../../../rollout/core/events.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import type { SimRelay, World } from '../../../rollout/core/simulate.ts';
import {
  advance,
  cloudView,
  createWorld,
  lookAt,
  placeCall,
  recreate,
  reportOf,
  targetsOf,
} from '../../../rollout/core/simulate.ts';
import type { Wish } from '../../../rollout/core/wish.ts';
import { createObserver } from '../../../rollout/observe.ts';
import type { Clock, Cloud, Ports, Proxies, Relays } from '../../../rollout/ports.ts';
import type { RunEnd } from '../../../rollout/run-end.ts';
import { NOW } from './fleets.ts';
import { seeded } from './seeded.ts';

export class Killed extends Error {}

export type FakeOptions = {
  readonly zones?: number;
  readonly perZone?: number;
  readonly seed?: number;
  /** New calls come for so long, ms. */
  readonly callsForMs?: number;
  /** Share of looks that get no answer. */
  readonly silence?: number;
  /** Share of effects that fail with `retry`, half of them after they were carried out. */
  readonly faults?: number;
  /** Sees each event as it is told. */
  readonly onEvent?: (event: EventBody, fleet: FakeFleet) => void;
};

export type FakeFleet = {
  readonly world: World;
  readonly now: () => number;
  /** Starts a controller, as a new process would. `killAt`: the step at which it dies. */
  readonly start: (policy: Policy, given?: { killAt?: number; stop?: AbortSignal }) => Promise<RunEnd>;
  /** Effects so far, by all controllers. */
  readonly steps: () => number;
  readonly events: EventBody[];
  /** Answers for a relay, instead of its own. */
  readonly mute: Set<string>;
  /** Probe calls that fail, by relay name. */
  readonly badProbe: Set<string>;
  /** Relays that are switched off in the SIP proxies. */
  readonly off: Set<string>;
  /** What is asked of each run, by its id: `r1` is the first. */
  readonly wishes: Map<string, Wish>;
};

export function fakeFleet(options: FakeOptions = {}): FakeFleet {
  const { zones = 3, perZone = 1, seed = 1, callsForMs = 60_000, silence = 0, faults = 0, onEvent } = options;
  const random = seeded(seed);
  const names = Array.from({ length: zones }, (_, index) => `z${index}`);
  const world = createWorld({ zones: names, perZone, replaceMs: 4_000, now: NOW });
  const events: EventBody[] = [];
  const mute = new Set<string>();
  const badProbe = new Set<string>();
  const off = new Set<string>();
  const wishes = new Map<string, Wish>();
  let now = NOW;
  let total = 0;
  let processes = 0;

  const pass = (ms: number) => {
    for (const until = now + ms; now < until; ) {
      now = Math.min(until, now + 100);
      advance(world, now);
      if (now < NOW + callsForMs) placeCall(world, random(), now + 500 + random() * 8_000, now);
    }
  };
  const find = (name: string): SimRelay => {
    const relay = world.relays.find((one) => one.name === name);
    if (relay === undefined) throw new TypeError(name);
    return relay;
  };

  const start: FakeFleet['start'] = async (policy, { killAt = Number.POSITIVE_INFINITY, stop } = {}) => {
    processes += 1;
    let steps = 0;
    let dead = false;
    /** One effect: takes time, may fail before or after it was carried out, may be where the process dies. */
    const effect = async <T>(act: () => T): Promise<T> => {
      await Promise.resolve();
      if (dead) throw new Killed();
      steps += 1;
      total += 1;
      const fate = random();
      pass(20);
      if (steps >= killAt && steps % 2 === 0) {
        dead = true;
        throw new Killed();
      }
      if (fate < faults / 2) throw fault();
      const result = act();
      if (steps >= killAt) {
        dead = true;
        throw new Killed();
      }
      if (fate < faults) throw fault();
      return result;
    };
    const alive = async () => {
      await Promise.resolve();
      if (dead) throw new Killed();
    };
    const clock: Clock = {
      now: () => now,
      sleep: async (ms) => {
        await alive();
        pass(ms);
      },
    };
    const cloud: Cloud = {
      readZone: async (zone) => {
        await alive();
        const target = targetsOf(world).find((one) => one.zone === zone);
        if (target === undefined) throw new TypeError(zone);
        return {
          target,
          relays: world.relays
            .filter((relay) => relay.zone === zone)
            .map((relay) => cloudView(world, relay, now)),
        };
      },
      readReport: async ({ name }) => {
        await alive();
        return reportOf(find(name), now) ?? { version: undefined, health: undefined };
      },
      mark: ({ name }, cordon) =>
        effect(() => {
          // A label keeps whole seconds.
          find(name).cordon = { ...cordon, at: Math.floor(cordon.at / 1000) * 1000 };
        }),
      unmark: ({ name }) =>
        effect(() => {
          find(name).cordon = undefined;
        }),
      awaitController: ({ name }) =>
        effect(() => {
          find(name).awaitsController = true;
        }),
      release: ({ name }) =>
        effect(() => {
          find(name).awaitsController = false;
        }),
      replace: ({ name, id }) =>
        effect(() => {
          const relay = find(name);
          if (relay.readyAt > now || relay.template === world.target) return;
          if (String(relay.id) !== id)
            throw new FleetError({ kind: 'retry', code: 'vm-changed', message: name });
          recreate(world, relay, now);
        }),
    };
    const relays: Relays = {
      look: async ({ name }, known) => {
        await alive();
        if (mute.has(name) || random() < silence) return { kind: 'silence', at: now, reason: 'lost' };
        const look = lookAt(find(name), now);
        return known === undefined || look.kind === 'silence' ? look : { ...look, ...known };
      },
      settings: async ({ name }) => {
        await alive();
        const { limit, deleteDelay } = find(name);
        return { limit, deleteDelay };
      },
      cordon: ({ name }) =>
        effect(() => {
          Object.assign(find(name), { limit: 0, deleteDelay: 2 });
        }),
      ages: async () => undefined,
      callIds: async ({ name }) => {
        await alive();
        return find(name).calls.map((_, index) => `call${index}`);
      },
      timeouts: async ({ name }) => {
        await alive();
        return find(name).timeouts;
      },
      setTimeouts: ({ name }, timeouts) =>
        effect(() => {
          const relay = find(name);
          relay.timeouts = timeouts;
          // A call that never ends by itself has no packets.
          if (timeouts.silent < 3600) relay.calls = relay.calls.filter(Number.isFinite);
        }),
      restore: ({ name }, { limit, deleteDelay, timeouts }) =>
        effect(() => {
          const relay = find(name);
          relay.timeouts = timeouts ?? relay.timeouts;
          relay.limit = limit;
          if (deleteDelay !== 'unknown') relay.deleteDelay = deleteDelay;
        }),
      emptyCalls: async () => [],
      removeEmptyCalls: () => effect(() => 0),
      probe: ({ name }, packets) =>
        effect(() => ({
          ok: !badProbe.has(name),
          detail: badProbe.has(name) ? `of ${packets} packets each way 0 arrived` : 'ok',
        })),
    };
    const proxies: Proxies = {
      check: async () => undefined,
      leaveOut: ({ name }) => effect(() => void off.add(name)).then(() => 'off'),
      takeBack: ({ name }) => effect(() => void off.delete(name)).then(() => 'on'),
      leftOut: async () => [],
    };
    const lock = { check: () => undefined };
    const journal = {
      write: (event: EventBody) => {
        if (dead) return;
        events.push(event);
        onEvent?.(event, fleet);
      },
    };
    const ports: Ports = { cloud, relays, proxies, clock, lock, journal };
    const observer = createObserver({ cloud, relays, clock }, { name: 'sim', zones: names, policy });
    const id = `r${processes}`;
    return await runRollout(ports, {
      id,
      by: 'test',
      pid: 1,
      policy,
      observer,
      stop: stop ?? new AbortController().signal,
      wish: async () => {
        await alive();
        return wishes.get(id);
      },
    });
  };

  const fleet: FakeFleet = {
    world,
    now: () => now,
    start,
    steps: () => total,
    events,
    mute,
    badProbe,
    off,
    wishes,
  };
  return fleet;
}

function fault(): FleetError {
  return new FleetError({ kind: 'retry', code: 'test-fault', message: 'a fault of the test' });
}
