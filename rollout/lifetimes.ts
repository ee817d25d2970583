/**
 * Watches how long calls last, beside the rounds of a run: now and then some relays list their calls, and what has gone
 * since the last list has ended. History of this process only; without it there is no ETA, and nothing else changes.
 */
import { refOf } from './core/changes.ts';
import { type Exposure, etaOf, survivalOf } from './core/eta.ts';
import type { EventBody } from './core/events.ts';
import type { Fleet, Relay } from './core/fleet.ts';
import { keyOf } from './core/memory.ts';
import type { Clock, Relays } from './ports.ts';
import { placeOf } from './ports.ts';

export type Lifetimes = {
  /** Looks again if it is time to, in the background; what the last look foretells, told once. */
  readonly watch: (fleet: Fleet) => readonly EventBody[];
};

const EVERY_MS = 15_000;
/** Listing calls is dear; as many relays each time. */
const DRAINING_AT_ONCE = 16;
const OTHERS_AT_ONCE = 8;
/** The newest count. */
const KEPT = 20_000;

type Seen = { readonly from: number; age: number };
type State = {
  readonly calls: Map<string, Map<string, Seen>>;
  ended: Exposure[];
  news: readonly EventBody[];
  lastAt: number;
  busy: boolean;
};

export function watchLifetimes(relays: Pick<Relays, 'ages'>, clock: Pick<Clock, 'now'>): Lifetimes {
  const state: State = {
    calls: new Map(),
    ended: [],
    news: [],
    lastAt: Number.NEGATIVE_INFINITY,
    busy: false,
  };
  return {
    watch: (fleet) => {
      const { news } = state;
      state.news = [];
      if (!state.busy && clock.now() - state.lastAt >= EVERY_MS) {
        state.lastAt = clock.now();
        state.busy = true;
        void look(state, relays, fleet).finally(() => {
          state.busy = false;
        });
      }
      return news;
    },
  };
}

async function look(state: State, relays: Pick<Relays, 'ages'>, fleet: Fleet): Promise<void> {
  const draining = fleet.relays.filter(({ cordon, onTarget, vm }) => {
    return cordon !== undefined && !onTarget && vm.state === 'ready';
  });
  const wanted = draining.filter((relay) => relay.address !== undefined).slice(0, DRAINING_AT_ONCE);
  const asked = [...wanted, ...othersOf(state, fleet, wanted)];
  await Promise.all(
    asked.map(async (relay) => {
      const ages = await relays.ages(placeOf(relay));
      if (ages !== undefined) note(state, keyOf(relay), ages);
    }),
  );
  state.ended = state.ended.slice(-KEPT);
  const up = [...state.calls.values()].flatMap((calls) =>
    [...calls.values()].map(({ from, age }): Exposure => ({ from, to: age, ended: false })),
  );
  const survival = survivalOf([...state.ended, ...up]);
  state.news = wanted.flatMap((relay): readonly EventBody[] => {
    const ages = [...(state.calls.get(keyOf(relay))?.values() ?? [])].map(({ age }) => age);
    if (ages.length === 0) return [];
    const oldestSeconds = Math.round(ages.reduce((most, age) => Math.max(most, age)));
    return [{ kind: 'eta', relay: refOf(relay), ...etaOf(ages, survival), oldestSeconds }];
  });
}

/** The same ones each time, so that their calls are seen to end; a relay that is gone is let go. */
function othersOf(state: State, { relays }: Fleet, wanted: readonly Relay[]): readonly Relay[] {
  const able = relays.filter(
    (relay) => relay.vm.state === 'ready' && relay.address !== undefined && !wanted.includes(relay),
  );
  const known = able.filter((relay) => state.calls.has(keyOf(relay)));
  return [...known, ...able.filter((relay) => !known.includes(relay))].slice(0, OTHERS_AT_ONCE);
}

function note(state: State, key: string, ages: ReadonlyMap<string, number>): void {
  const before = state.calls.get(key) ?? new Map<string, Seen>();
  const now = new Map<string, Seen>();
  for (const [id, age] of ages) now.set(id, { from: before.get(id)?.from ?? age, age });
  // It ended somewhere between the two lists.
  for (const [id, seen] of before)
    if (!ages.has(id)) state.ended.push({ from: seen.from, to: seen.age + EVERY_MS / 2000, ended: true });
  state.calls.set(key, now);
}
