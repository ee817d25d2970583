/** Calls as RTPEngines keep them in Redis, and the note of a hand-over: bytes are copied, never understood. */
import { RESP_TYPES } from 'redis';
import type { CallStore } from '../handover/ports.ts';
import { connectRedis, inTime, type RedisPlace } from './redis.ts';

/** A field of a hash: RTPEngine reacts to keys of its database that are `set` or `del`eted, and to nothing else
 * (on_redis_notification in daemon/redis.c@mr26.0.1.10). */
const NOTE = 'rtpfleet:handover';
/** A copy that was forgotten goes by itself, s. */
const COPY_LIVES_S = 3_600;

export type OpenCallStore = CallStore & { readonly close: () => void };

/** Rejects with `retry` and code `redis-unreachable` or `redis-refused`, as its functions do. `through` is where the note is kept. */
export async function openCallStore(
  place: Omit<RedisPlace, 'database'>,
  through: number,
): Promise<OpenCallStore> {
  const main = await connectRedis({ ...place, database: through });
  const others = new Map<number, Promise<typeof main>>();
  const at = async (database: number) => {
    const open = others.get(database) ?? connectRedis({ ...place, database });
    others.set(database, open);
    return await open;
  };
  const bytes = async (database: number) =>
    (await at(database)).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return {
    ids: async (database) => {
      const client = await at(database);
      const keys: string[] = [];
      for await (const found of client.scanIterator({ TYPE: 'string', COUNT: 1_000 })) keys.push(...found);
      return [...new Set(keys)];
    },
    read: async (database, id) => (await inTime((await bytes(database)).get(id), place)) ?? undefined,
    write: async (database, id, value, copy) => {
      const life = copy ? { expiration: { type: 'EX', value: COPY_LIVES_S } as const } : {};
      await inTime((await bytes(database)).set(id, Buffer.from(value), life), place);
    },
    remove: async (database, ids) => {
      if (ids.length > 0) await inTime((await at(database)).del([...ids]), place);
    },
    note: async () => (await inTime(main.hGet(NOTE, 'note'), place)) ?? undefined,
    setNote: async (text) => {
      if (text === undefined) await inTime(main.del(NOTE), place);
      else await inTime(main.hSet(NOTE, 'note', text), place);
    },
    close: () => {
      main.destroy();
      for (const other of others.values())
        void other.then(
          (client) => client.destroy(),
          () => undefined,
        );
    },
  };
}
