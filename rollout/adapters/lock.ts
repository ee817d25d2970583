/** The lock of a fleet: on this machine always, and in its Redis where there is one that answers. */
import { isFleetError } from '../../lib/errors.ts';
import type { Clock, Lock } from '../ports.ts';
import { takeLocalLock } from './local-lock.ts';
import type { Owner } from './owner.ts';
import { type RedisPlace, takeRedisLock } from './redis-lock.ts';

export type LockOptions = {
  readonly fleet: string;
  readonly project: string;
  /** Two labs may have fleets of one name. */
  readonly endpoint: string | undefined;
  readonly redis: RedisPlace | undefined;
  readonly owner: Owner;
  readonly clock: Clock;
};

/** Rejects with kind `locked`. Without Redis only rollouts from this machine are kept out; `detail` says so. */
export async function takeLock({
  fleet,
  project,
  endpoint,
  redis,
  owner,
  clock,
}: LockOptions): Promise<Lock> {
  const local = await takeLocalLock([project, fleet, endpoint ?? ''].join('-'), owner);
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
