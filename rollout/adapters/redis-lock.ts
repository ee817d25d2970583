/**
 * One rollout at a time from anywhere: a key in the fleet's control database with its owner, a time to live that is
 * renewed, and a counter that grows with each owner. Whoever cannot renew in time no longer has it.
 */
import { FleetError } from '../../lib/errors.ts';
import type { Clock, Lock } from '../ports.ts';
import { lockedBy } from './local-lock.ts';
import { isDead, type Owner, parseOwner } from './owner.ts';
import { connectRedis, inTime, type RedisPlace } from './redis.ts';

const LIVES_MS = 15_000;
const RENEW_MS = 5_000;
/** Time between a check and the end of the request that it allowed. */
const MARGIN_MS = 2_000;

/** KEYS lock, counter; ARGV value, time to live, value of a dead owner. Answers the token, or the owner's value. */
const TAKE = `local held = redis.call('get', KEYS[1])
if held and held ~= ARGV[3] then return {0, held, redis.call('pttl', KEYS[1])} end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {redis.call('incr', KEYS[2]), '', 0}`;
const RENEW = `if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])`;
const FREE = `if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])`;

/** Who holds the lock of a fleet; undefined: nobody. Rejects with `retry` and code `redis-unreachable` or `redis-refused`. */
export async function redisOwner(place: RedisPlace, fleet: string): Promise<Owner | undefined> {
  const client = await connectRedis(place);
  try {
    return parseOwner((await inTime(client.get(lockKey(fleet)), place)) ?? '');
  } finally {
    client.destroy();
  }
}

function lockKey(fleet: string): string {
  return `rtpfleet:rollout:${fleet}:lock`;
}

/** Takes the lock of a fleet. Rejects with kind `locked`, or `retry` and code `redis-unreachable` or `redis-refused`. */
export async function takeRedisLock(
  place: RedisPlace,
  fleet: string,
  owner: Owner,
  clock: Clock,
): Promise<Lock> {
  const client = await connectRedis(place);
  const keys = [lockKey(fleet), `rtpfleet:rollout:${fleet}:token`];
  const value = JSON.stringify(owner);
  const run: Script = async (script, ...args) =>
    await inTime(client.eval(script, { keys, arguments: [...args] }), place);
  try {
    const sentAt = clock.now();
    const { token, tookOver } = await take(run, value);
    const lease = keepRenewed(run, value, sentAt + LIVES_MS, clock);
    return {
      kind: 'redis',
      token,
      detail: `in Redis ${place.host}:${place.port}/${place.database}`,
      ...(tookOver === undefined ? {} : { tookOver }),
      check: () => {
        if (clock.now() + MARGIN_MS >= lease.validUntil()) throw lost(place);
      },
      release: async () => {
        lease.stop();
        // Without an answer it ends by itself.
        await run(FREE, value).catch(() => undefined);
        client.destroy();
      },
    };
  } catch (error) {
    client.destroy();
    throw error;
  }
}

type Script = (script: string, ...args: readonly string[]) => Promise<unknown>;

/** At once, or from an owner that is certainly dead. */
async function take(
  run: Script,
  value: string,
): Promise<{ readonly token: number; readonly tookOver?: string }> {
  const first = readTaken(await run(TAKE, value, String(LIVES_MS), ''));
  if (first.token > 0) return { token: first.token };
  const owner = parseOwner(first.held);
  if (owner !== undefined && isDead(owner)) {
    const { token } = readTaken(await run(TAKE, value, String(LIVES_MS), first.held));
    if (token > 0) return { token, tookOver: owner.run };
  }
  throw lockedBy(owner, `; its lock ends in ${Math.ceil(first.endsInMs / 1000)} s unless it is renewed`);
}

function readTaken(reply: unknown): {
  readonly token: number;
  readonly held: string;
  readonly endsInMs: number;
} {
  const [token, held, endsInMs] = Array.isArray(reply) ? reply : [];
  return { token: Number(token ?? 0), held: String(held ?? ''), endsInMs: Number(endsInMs ?? 0) };
}

function keepRenewed(run: Script, value: string, until: number, clock: Clock) {
  let validUntil = until;
  const timer = setInterval(async () => {
    const at = clock.now();
    const kept = await run(RENEW, value, String(LIVES_MS)).catch(() => undefined);
    if (kept === 1) validUntil = at + LIVES_MS;
    // Somebody else has it: no later renewal brings it back.
    if (kept === 0) {
      validUntil = 0;
      clearInterval(timer);
    }
  }, RENEW_MS);
  timer.unref();
  return { validUntil: () => validUntil, stop: () => clearInterval(timer) };
}

function lost({ host, port }: RedisPlace): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'lock-lost',
    message: `The rollout's lock in Redis ${host}:${port} could not be renewed, so somebody else may hold it by now.`,
    hint: 'Every relay stays as it is; run it again to go on from there.',
  });
}
