import { expect, test } from 'vitest';
import { parseRedisUse } from '../../../lib/relay/redis-use.ts';

/** Parts of what real RTPEngines answer to `params current`. */
const OF_10 = `redis-expires = 86400
redis-num-threads = 4
redis-db = 3
redis-write-db = 6
interface[0] = default\\127.0.0.1 
keyspace[0] = 4 
keyspace[1] = 5 
redis-auth = (null)
`;
const OF_26 = `redis_expires_secs = 86400
redis_db = 3
redis_write_db = 3
redis_subscribe_db = 0
redis_hostname = 127.0.0.1
redis_ep = 127.0.0.1:7999
redis_subscribe_ep = 
`;

test('databases and watched ones are told by 10.5 and 12.5, and by 26.0 with its place', () => {
  expect(parseRedisUse(OF_10)).toEqual({
    databases: [3, 6],
    watched: [4, 5],
    at: undefined,
    json: undefined,
  });
  expect(parseRedisUse(OF_26)).toEqual({ databases: [3], watched: [], at: '127.0.0.1:7999' });
});

test('an RTPEngine without Redis has no database', () => {
  expect(parseRedisUse(OF_10.replace('= 3', '= -1').replace('= 6', '= -1'))?.databases).toEqual([]);
});

test('another text tells nothing', () => {
  expect(parseRedisUse('')).toBeUndefined();
  expect(parseRedisUse('Unknown or incomplete command:params current')).toBeUndefined();
  expect(parseRedisUse('redis-db = x\nredis-write-db = 1\n')).toBeUndefined();
});
