/** Fleets whose relays have a floating address each: which relays there are, and where each keeps its calls. Pure. */
import type { Fleet } from './fleet.ts';
import type { Problem } from './load.ts';
import { relayName } from './naming.ts';

/** A relay with a floating address, as the fleet file determines it. */
export type Seat = {
  /** Name of the relay, its reserved address, its forwarding rule and its target instance. */
  readonly relay: string;
  readonly zone: string;
  /** From 0, in its zone. */
  readonly index: number;
  /** Number of the database in which it keeps its calls, and no other relay. */
  readonly database: number;
};

/**
 * Databases of a Redis, from 0: Memorystore's (cloud.google.com/memorystore/docs/redis/quotas, "Databases per instance"), and the machine's
 * (infra/redis/start-up). One of your own has those that its redis.conf says (`databases`).
 */
const MOST_DATABASES: Readonly<Record<string, number>> = { memorystore: 16, vm: 1024 };

export function hasFloatingAddresses({ network }: Readonly<Pick<Fleet, 'network'>>): boolean {
  return network.floatingAddresses === 'internal';
}

/**
 * Every relay of such a fleet, in the order of its zones, then of indexes; none of any other fleet. Databases are counted by index first and
 * zone second: so `relays.perZone` can grow, and a fleet of one relay in each zone can get another zone at the end, without any relay's
 * database becoming another's.
 */
export function seatsOf(fleet: Readonly<Fleet>): readonly Seat[] {
  if (!hasFloatingAddresses(fleet)) return [];
  const { name, cloud, relays, redis } = fleet;
  return cloud.zones.flatMap((zone, place) =>
    Array.from({ length: relays.perZone }, (_, index) => ({
      ...{ relay: relayName(name, zone, index), zone, index },
      database: redis.database + 2 + index * cloud.zones.length + place,
    })),
  );
}

/**
 * Number of the database that every relay watches from its start on, and that stays empty: RTPEngine takes each call that is written
 * to a watched one over as foreign, at its start too (`do_redis_restore` in daemon/main.c@mr13.4.1.10). So it is not that of the copies.
 */
export function watchedDatabase({ redis }: Readonly<Pick<Fleet, 'redis'>>): number {
  return redis.database;
}

/** Number of the database through which copies of calls that move go; it stays the same when the fleet grows. */
export function copiesDatabase({ redis }: Readonly<Pick<Fleet, 'redis'>>): number {
  return redis.database + 1;
}

/** What must not be together with floating addresses, and what they need. */
export function floating(fleet: Fleet): readonly Problem[] {
  if (!hasFloatingAddresses(fleet)) return handedOver(fleet);
  const { network, rtpengine, redis } = fleet;
  const problems: Problem[] = [];
  const wrong = (path: readonly string[], message: string) =>
    problems.push({ path, message: `${path.join('.')}: ${message}` });
  if (network.externalAddresses !== 'none')
    wrong(
      ['network', 'floatingAddresses'],
      `internal needs network.externalAddresses none, and not ${network.externalAddresses}: an external address is a relay's own and cannot move with its calls`,
    );
  if (rtpengine.instances !== 1)
    wrong(
      ['rtpengine', 'instances'],
      `${rtpengine.instances} cannot be had with network.floatingAddresses, which are one for each relay`,
    );
  if (rtpengine.kernel !== 'off')
    wrong(
      ['rtpengine', 'kernel'],
      `${rtpengine.kernel} cannot be had with network.floatingAddresses: whether a call that the kernel forwards survives a move is not shown`,
    );
  if (redis.kind === 'none')
    wrong(['redis', 'kind'], 'none cannot be had with network.floatingAddresses: calls move through Redis');
  return [...problems, ...databases(fleet)];
}

function handedOver({ rollout }: Fleet): readonly Problem[] {
  if (rollout.tail !== 'hand-over') return [];
  const path = ['rollout', 'tail'];
  const message =
    'hand-over needs network.floatingAddresses internal: a call goes on elsewhere only with its address';
  return [{ path, message: `${path.join('.')}: ${message}` }];
}

/** The lock's is none of the calls', and there are no more than a Redis has. */
function databases(fleet: Fleet): readonly Problem[] {
  const { database, controlDatabase, kind } = fleet.redis;
  const last = Math.max(...seatsOf(fleet).map((seat) => seat.database));
  const what = `those of call state (${database} empty, ${database + 1} for copies, ${database + 2} to ${last} for ${last - database - 1} relays with floating addresses)`;
  const problems: Problem[] = [];
  // What is the same as redis.database is said for every fleet.
  if (controlDatabase > database && controlDatabase <= last)
    problems.push({
      path: ['redis', 'controlDatabase'],
      message: `redis.controlDatabase: ${controlDatabase} is one of ${what}`,
    });
  const most = MOST_DATABASES[kind];
  if (most !== undefined && last >= most)
    problems.push({
      path: ['redis', 'database'],
      message: `redis.database: ${what} are more than a Redis of kind ${kind} has, 0 to ${most - 1}`,
    });
  return problems;
}
