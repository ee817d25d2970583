/** The rollout that is on, as other machines see it: who runs it, and what it waits for. Reads only. */
import { isFleetError } from '../lib/errors.ts';
import { type ControlPlace, runningOwner } from './adapters/lock.ts';
import { type Follower, followSharedJournal } from './adapters/redis-journal.ts';
import { type Wait, type Waits, waitsAfter } from './core/waits.ts';

export type Running = {
  readonly run: string;
  readonly by: string;
  /** ISO time. */
  readonly since: string;
  /** Absent: its journal cannot be read from here. */
  readonly waits?: readonly Wait[];
};

export type RunningView = {
  /** undefined: no rollout is on. */
  readonly look: () => Promise<Running | undefined>;
  readonly close: () => void;
};

/** Each look asks for the lock anew; the journal is read once and followed from there. */
export function viewRunning(place: ControlPlace): RunningView {
  let follower: Follower | undefined;
  let waits: Waits = new Map();
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
    close: () => follower?.close(),
  };
}
