/** The lock of a fleet: on this machine always, and in its Redis where there is one that answers. */
import { isFleetError } from '../../lib/errors.ts';
import type { Clock, Lock } from '../ports.ts';
import { localOwner, takeLocalLock } from './local-lock.ts';
import { isDead, type Owner } from './owner.ts';
import type { RedisPlace } from './redis.ts';
import { redisOwner, takeRedisLock } from './redis-lock.ts';

/** Which fleet is meant, and where its rollouts keep what they share. */
export type ControlPlace = {
  readonly fleet: string;
  readonly project: string;
  /** Two labs may have fleets of one name. */
  readonly endpoint: string | undefined;
  readonly redis: RedisPlace | undefined;
};

export type LockOptions = ControlPlace & { readonly owner: Owner; readonly clock: Clock };

function localName({ project, fleet, endpoint }: ControlPlace): string {
  return [project, fleet, endpoint ?? ''].join('-');
}

/** The rollout that is on, and whether its lock is in Redis; undefined: none is. Changes nothing. */
export async function runningOwner(
  place: ControlPlace,
): Promise<{ readonly owner: Owner; readonly shared: boolean } | undefined> {
  const shared = await sharedOwner(place);
  if (shared !== undefined && !isDead(shared)) return { owner: shared, shared: true };
  const owner = await localOwner(localName(place));
  return owner === undefined ? undefined : { owner, shared: false };
}

/** A Redis that does not answer says nothing; the lock on this machine is still asked. */
async function sharedOwner({ redis, fleet }: ControlPlace): Promise<Owner | undefined> {
  if (redis === undefined) return undefined;
  try {
    return await redisOwner(redis, fleet);
  } catch (error) {
    if (isFleetError(error) && error.code === 'redis-unreachable') return undefined;
    throw error;
  }
}

/** Rejects with kind `locked`. Without Redis only rollouts from this machine are kept out; `detail` says so. */
export async function takeLock({ owner, clock, ...place }: LockOptions): Promise<Lock> {
  const { fleet, redis } = place;
  const local = await takeLocalLock(localName(place), owner);
  if (redis === undefined) return { ...local, detail: 'on this machine only: the fleet has no Redis' };
  try {
    const shared = await takeRedisLock(redis, fleet, owner, clock);
    const release = async () => {
      await shared.release();
      await local.release();
    };
    return { ...shared, release };
  } catch (error) {
    if (isFleetError(error) && error.code === 'redis-unreachable')
      return { ...local, detail: `on this machine only: ${error.message}` };
    await local.release();
    throw error;
  }
}
