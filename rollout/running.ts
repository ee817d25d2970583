/** The rollout that is on, as other machines see it: who runs it, and what it waits for. Reads only. */
import { readFileSync } from 'node:fs';
import { isFleetError } from '../lib/errors.ts';
import { JOURNAL_FOLDER, journalsOf } from './adapters/journal.ts';
import { type ControlPlace, runningOwner } from './adapters/lock.ts';
import { type Follower, followSharedJournal, lastSharedEnd } from './adapters/redis-journal.ts';
import type { RolloutEvent } from './core/events.ts';
import { endOfNewest, type RunEnded } from './core/history.ts';
import { type Wait, type Waits, waitsAfter } from './core/waits.ts';
import { readLines } from './report/call-lines.ts';

export type Running = {
  readonly run: string;
  readonly by: string;
  /** ISO time. */
  readonly since: string;
  /** Absent: its journal cannot be read from here. */
  readonly waits?: readonly Wait[];
};

/** How the last run ended. */
export type LastEnd = Pick<RunEnded, 'run' | 'at' | 'result' | 'because' | 'hint' | 'reasons'>;

export type RunningView = {
  /** undefined: no rollout is on. */
  readonly look: () => Promise<Running | undefined>;
  /** From the fleet's Redis; without one, from the journals of this folder. undefined: not known. */
  readonly last: () => Promise<LastEnd | undefined>;
  /** Why `last` could not tell, nor `look` of other machines; undefined: they could. */
  readonly blind: () => string | undefined;
  readonly close: () => void;
};

/** Each look asks for the lock anew; the journal is read once and followed from there. */
export function viewRunning(place: ControlPlace): RunningView {
  let follower: Follower | undefined;
  let waits: Waits = new Map();
  let blind: string | undefined;
  const follow = async (run: string) => {
    if (place.redis === undefined) return undefined;
    try {
      follower ??= await followSharedJournal(place.redis, place.fleet);
      waits = waitsAfter(
        waits,
        (await follower.next()).filter((event) => event.run === run),
      );
      return [...waits.values()];
    } catch (error) {
      if (isFleetError(error) && error.code === 'redis-unreachable') return undefined;
      throw error;
    }
  };
  return {
    look: async () => {
      const running = await runningOwner(place);
      if (running === undefined) return undefined;
      const { run, by, since } = running.owner;
      const told = running.shared ? await follow(run) : undefined;
      return { run, by, since, ...(told === undefined ? {} : { waits: told }) };
    },
    last: async () => {
      blind = undefined;
      return await lastEnd(place, (why) => {
        blind = why;
      });
    },
    blind: () => blind,
    close: () => follower?.close(),
  };
}

async function lastEnd(
  { redis, fleet }: ControlPlace,
  unread: (why: string) => void,
): Promise<LastEnd | undefined> {
  if (redis === undefined) return lastEndHere(fleet);
  try {
    return await lastSharedEnd(redis, fleet);
  } catch (error) {
    if (!isFleetError(error) || error.code !== 'redis-unreachable') throw error;
    unread(error.message);
    return undefined;
  }
}

function lastEndHere(fleet: string): LastEnd | undefined {
  const newest = journalsOf(JOURNAL_FOLDER).at(-1);
  if (newest === undefined) return undefined;
  const { lines } = readLines<RolloutEvent>(readFileSync(newest, 'utf8'));
  const isOurs = lines.some((event) => 'fleet' in event && event.fleet === fleet);
  return isOurs ? endOfNewest(lines) : undefined;
}
