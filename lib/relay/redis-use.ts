/** How an RTPEngine uses Redis, by its own word. */
import type { NgRequestOptions } from '../ng/client.ts';
import type { Relay } from './relay.ts';

export type RedisUse = {
  /** Numbers of the databases that it reads at start and writes to; empty: it keeps no call in Redis. */
  readonly databases: readonly number[];
  /** Those of others that it watches (`subscribe-keyspace`), whose calls it takes over and may delete. */
  readonly watched: readonly number[];
  /** Where that Redis is, as it was told; undefined: its version does not tell (10.5 and 12.5 do not). */
  readonly at: string | undefined;
};

/** Reads `params current`; undefined: it does not tell. Rejects as `Relay.cli`. */
export async function readRedisUse(
  relay: Relay,
  options: NgRequestOptions = {},
): Promise<RedisUse | undefined> {
  return parseRedisUse(await relay.cli('params current', options));
}

/**
 * `redis-db = 3`, `keyspace[0] = 4` of 10.5 and 12.5, with `redis_db` and `redis_ep` in 26.0 (measured; -1 = no Redis). Undefined: the text is something else.
 */
export function parseRedisUse(text: string): RedisUse | undefined {
  const lines = [...text.matchAll(/^(\S+) = (\S*) *$/gm)];
  const values = new Map(lines.map(([, key = '', value = '']) => [key.replaceAll('_', '-'), value]));
  const numbers = (keys: readonly string[]) => keys.map((key) => Number(values.get(key) ?? Number.NaN));
  const databases = numbers(['redis-db', 'redis-write-db']);
  const watched = numbers([...values.keys()].filter((key) => /^keyspace\[\d+\]$/.test(key)));
  if ([...databases, ...watched].some(Number.isNaN)) return undefined;
  return {
    databases: [...new Set(databases.filter((database) => database >= 0))],
    watched,
    at: values.get('redis-ep') || undefined,
  };
}
