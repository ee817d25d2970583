/**
 * The one door through which a run is told to pause, to go on, or to end: a key in the fleet's Redis where the lock is
 * there, and always a file beside the run's journal, which the lock on this machine names to whoever asks it.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { FleetError, reasonOf } from '../../lib/errors.ts';
import { newest, parseWish, type Wish } from '../core/wish.ts';
import type { ControlPlace } from './lock.ts';
import type { Owner } from './owner.ts';
import type { RedisPlace } from './redis.ts';
import { redisWishes } from './redis-wishes.ts';

/** Where wishes lie. */
export type WishBox = {
  readonly where: string;
  readonly read: () => Promise<string | undefined>;
  readonly write: (text: string) => Promise<void>;
  readonly close: () => void;
};

export type Wishes = { readonly read: () => Promise<Wish | undefined>; readonly close: () => void };

/** For the run itself. A place that cannot be read says nothing new: the last wish that was read stays in force. */
export async function openWishes(
  run: string,
  file: string,
  shared: { readonly redis: RedisPlace; readonly fleet: string } | undefined,
): Promise<Wishes> {
  const local = fileWishes(file);
  const redis = shared === undefined ? undefined : await redisWishes(shared.redis, shared.fleet).catch(none);
  const boxes = redis === undefined ? [local] : [local, redis];
  let last: Wish | undefined;
  return {
    read: async () => {
      const texts = await Promise.all(boxes.map((box) => box.read().catch(none)));
      last = newest([last, ...texts.map((text) => parseWish(text, run))]);
      return last;
    },
    close: () => {
      for (const box of boxes) box.close();
      rmSync(file, { force: true });
    },
  };
}

function none(): undefined {
  return undefined;
}

/** For who asks: where the run that is on looks for wishes. */
export async function boxOf(owner: Owner, shared: boolean, place: ControlPlace): Promise<WishBox> {
  if (shared && place.redis !== undefined) return await redisWishes(place.redis, place.fleet);
  if (owner.wishes !== undefined) return fileWishes(owner.wishes);
  throw new FleetError({
    kind: 'stop',
    code: 'no-wishes',
    message: `Run ${owner.run} does not say where it takes wishes from.`,
    hint: 'It was started by an older rtpfleet; stop it with Ctrl-C.',
  });
}

function fileWishes(file: string): WishBox {
  return {
    where: file,
    read: async () => {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        return undefined;
      }
    },
    write: async (text) => {
      const part = `${file}.${process.pid}`;
      try {
        writeFileSync(part, text);
        renameSync(part, file); // a reader sees all of it or nothing
      } catch (cause) {
        throw new FleetError({
          kind: 'stop',
          code: 'wish',
          message: `${file} cannot be written: ${reasonOf(cause)}`,
          hint: 'Ask as the user who started the run.',
          cause,
        });
      }
    },
    close: () => undefined,
  };
}
