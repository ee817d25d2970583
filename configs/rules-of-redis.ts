/** What a JSON Schema cannot say of a fleet's Redis. Pure. */
import type { Fleet } from './fleet.ts';
import { hasFloatingAddresses } from './floating.ts';
import type { Problem } from './load.ts';
import { isArm } from './machine-type.ts';
import { relayCount } from './places.ts';

export function redis(fleet: Fleet): readonly Problem[] {
  const { redis } = fleet;
  const problems: Problem[] = [];
  const wrong = (key: string, message: string) =>
    problems.push({ path: ['redis', key], message: `redis.${key}: ${message}` });
  if (redis.kind !== 'none' && redis.database === redis.controlDatabase)
    wrong(
      'controlDatabase',
      `${redis.controlDatabase} is also redis.database; flushing calls would flush the rollout's lock`,
    );
  if (redis.kind === 'external' && redis.host === undefined)
    wrong('host', 'is missing; an external Redis has to be named');
  if (redis.kind !== 'external' && redis.host !== undefined)
    wrong('host', `${redis.host} is for an external Redis; this one is ${redis.kind}`);
  if (redis.kind !== 'external' && redis.kind !== 'vm' && redis.secret !== undefined)
    wrong('secret', `is for an external Redis or a vm; this one is ${redis.kind}`);
  if (redis.kind === 'vm' && isArm(redis.machineType))
    wrong('machineType', `${redis.machineType} is an arm64 machine, and a vm boots Debian for amd64`);
  if (redis.kind === 'vm' && redis.secret === undefined)
    wrong('secret', 'is missing; a vm asks for a password, which you put into Secret Manager');
  if (redis.zone !== undefined && (redis.kind !== 'vm' || !fleet.cloud.zones.includes(redis.zone)))
    wrong(
      'zone',
      redis.kind === 'vm' ? `${redis.zone} is none of cloud.zones` : `is for a vm; this one is ${redis.kind}`,
    );
  if (redis.kind !== 'memorystore' && redis.auth)
    wrong('auth', `is for Memorystore; this one is ${redis.kind}`);
  if (redis.tls && redis.kind !== 'memorystore' && redis.kind !== 'external')
    wrong('tls', `is for Memorystore or an external Redis; this one is ${redis.kind}`);
  else if (redis.tls && hasFloatingAddresses(fleet))
    wrong(
      'tls',
      'cannot be had with network.floatingAddresses, whose relays keep their calls in Redis: RTPEngine speaks no TLS there',
    );
  else if (redis.tls && relayCount(fleet) === 1)
    wrong(
      'tls',
      'cannot be had in a fleet of one relay, which keeps its calls in Redis: RTPEngine speaks no TLS there. Have two relays, or leave it out',
    );
  if (redis.caFile !== undefined && !(redis.tls && redis.kind === 'external'))
    wrong('caFile', 'is for an external Redis with redis.tls');
  return problems;
}
