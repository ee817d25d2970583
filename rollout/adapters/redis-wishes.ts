/** What is asked of a run, as a key in the fleet's control database. */
import { connectRedis, inTime, type RedisPlace } from './redis.ts';
import type { WishBox } from './wishes.ts';

/** A wish names its run, so an old one means nothing; it need not stay for ever, ms. */
const LIVES_MS = 7 * 24 * 3_600_000;

/** Rejects with `retry` and code `redis-unreachable` or `redis-refused`, as its functions do. */
export async function redisWishes(place: RedisPlace, fleet: string): Promise<WishBox> {
  const client = await connectRedis(place);
  const key = `rtpfleet:rollout:${fleet}:wish`;
  return {
    where: `Redis ${place.host}:${place.port}/${place.database}`,
    read: async () => (await inTime(client.get(key), place)) ?? undefined,
    write: async (text) =>
      void (await inTime(client.set(key, text, { expiration: { type: 'PX', value: LIVES_MS } }), place)),
    close: () => client.destroy(),
  };
}
