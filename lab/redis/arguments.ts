/** How redis-server is called for a managed Redis. Pure. */
import { FleetError } from '../../lib/errors.ts';

/** Settings that Memorystore lets its users change (`redisConfigs`) and Redis 7 knows by the same name. */
const SETTINGS = [
  'activedefrag',
  'lfu-decay-time',
  'lfu-log-factor',
  'maxmemory-policy',
  'notify-keyspace-events',
  'stream-node-max-bytes',
  'stream-node-max-entries',
  'timeout',
];

/** Nothing is kept on disk, as in Memorystore's basic tier. Rejects code `redis-config`. */
export function redisArguments(name: string, config: Readonly<Record<string, string>>): readonly string[] {
  const unknown = Object.keys(config).find((key) => !SETTINGS.includes(key));
  if (unknown !== undefined) throw unknownSetting(name, unknown);
  return [
    ...['--daemonize', 'no', '--save', '', '--appendonly', 'no', '--protected-mode', 'no'],
    ...Object.entries(config).flatMap(([key, value]) => [`--${key}`, value]),
  ];
}

function unknownSetting(name: string, key: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'redis-config',
    message: `Redis ${name} has no setting ${key}.`,
    hint: `Known are: ${SETTINGS.join(', ')}.`,
    facts: { name, key },
  });
}

/** Host part of the first free of the addresses .3 to .9, which the lab keeps for managed servers. */
export function freeSlot(taken: readonly string[]): number {
  const used = taken.map((address) => Number(address.slice(address.lastIndexOf('.') + 1)));
  const free = [3, 4, 5, 6, 7, 8, 9].find((slot) => !used.includes(slot));
  if (free !== undefined) return free;
  throw new FleetError({
    kind: 'stop',
    code: 'redis-quota',
    message: 'The lab has addresses for 7 managed Redis servers, and all are taken.',
    hint: 'Delete one.',
  });
}
