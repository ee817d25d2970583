/**
 * The journal as a stream in the fleet's control database, so that another machine can follow a run and report it. A copy for
 * people: the file is the journal, and a Redis that is away holds nothing up.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { RedisClientType } from 'redis';
import type { RolloutEvent } from '../core/events.ts';
import { endOfNewest, type RunEnded } from '../core/history.ts';
import { connectRedis, inTime, type RedisPlace } from './redis.ts';

/** Events kept, about 300 bytes each; Redis trims in blocks. */
const KEPT = 50_000;
const BATCH = 200;
const AGAIN_MS = 1_000;
const LAST_TRIES_MS = 3_000;

export type SharedJournal = {
  readonly show: (event: RolloutEvent) => void;
  /** Waits a little for what is not there yet; resolves with the number of events that never got there. */
  readonly close: () => Promise<number>;
};

/** Rejects with `retry` and code `redis-unreachable` or `redis-refused`. */
export async function openSharedJournal(place: RedisPlace, fleet: string): Promise<SharedJournal> {
  const client = await connectRedis(place);
  const pending: RolloutEvent[] = [];
  let pump: Promise<void> | undefined;
  let giveUpAt = Number.POSITIVE_INFINITY;
  const work = async () => {
    while (pending.length > 0 && performance.now() < giveUpAt) {
      const sent = await append(client, place, fleet, pending.slice(0, BATCH)).catch(() => 0);
      pending.splice(0, sent);
      if (sent === 0) await pause(Math.min(AGAIN_MS, Math.max(0, giveUpAt - performance.now())));
    }
    pump = undefined;
  };
  return {
    show: (event) => {
      pending.push(event);
      if (pending.length > KEPT) pending.shift();
      pump ??= work();
    },
    close: async () => {
      giveUpAt = performance.now() + LAST_TRIES_MS;
      await pump;
      client.destroy();
      return pending.length;
    },
  };
}

/** Events of every run that the stream still holds, a list for each run, in the order of time. Rejects as above. */
export async function readSharedJournal(
  place: RedisPlace,
  fleet: string,
): Promise<readonly (readonly RolloutEvent[])[]> {
  const follower = await followSharedJournal(place, fleet);
  try {
    const runs = new Map<string, RolloutEvent[]>();
    for (const event of await follower.next()) {
      const run = runs.get(event.run);
      if (run === undefined) runs.set(event.run, [event]);
      else run.push(event);
    }
    return [...runs.values()];
  } finally {
    follower.close();
  }
}

/** Enough to hold the end of a run and what could not be delivered after it. */
const AT_THE_END = 50;

/** How the newest run that the stream holds has ended; undefined: it has not. Rejects as above. */
export async function lastSharedEnd(place: RedisPlace, fleet: string): Promise<RunEnded | undefined> {
  const client = await connectRedis(place);
  try {
    const newest = client.xRevRange(keyOf(fleet), '+', '-', { COUNT: AT_THE_END });
    const events = ((await inTime(newest, place)) ?? []).flatMap(({ message }) => parse(message.event));
    return endOfNewest(events.toReversed());
  } finally {
    client.destroy();
  }
}

export type Follower = {
  /** What came since the last call; the first one answers all that is there. Rejects with `redis-unreachable`. */
  readonly next: () => Promise<readonly RolloutEvent[]>;
  readonly close: () => void;
};

export async function followSharedJournal(place: RedisPlace, fleet: string): Promise<Follower> {
  const client = await connectRedis(place);
  let after = '-';
  return {
    next: async () => {
      const events: RolloutEvent[] = [];
      for (;;) {
        const page = (await inTime(client.xRange(keyOf(fleet), after, '+', { COUNT: 1_000 }), place)) ?? [];
        events.push(...page.flatMap(({ message }) => parse(message.event)));
        const last = page.at(-1);
        if (last === undefined) return events;
        after = `(${last.id}`;
      }
    },
    close: () => client.destroy(),
  };
}

function keyOf(fleet: string): string {
  return `rtpfleet:rollout:${fleet}:journal`;
}

async function append(
  client: RedisClientType,
  place: RedisPlace,
  fleet: string,
  events: readonly RolloutEvent[],
): Promise<number> {
  const trim = { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: KEPT } } as const;
  const each = events.map((event) => client.xAdd(keyOf(fleet), '*', { event: JSON.stringify(event) }, trim));
  await inTime(Promise.all(each), place);
  return events.length;
}

function parse(text: string | undefined): readonly RolloutEvent[] {
  try {
    return text === undefined ? [] : [JSON.parse(text) as RolloutEvent];
  } catch {
    return [];
  }
}
