/** Whether the disk ran full under a build. Programs word that in many ways, and free what they had taken when they fail,
 * so free space is looked at while they run. */
import { statfsSync } from 'node:fs';
import { FleetError, isFleetError, reasonOf } from '../lib/errors.ts';

const EVERY_MS = 200;
/** With less than this much room left, in bytes, whatever failed has failed for want of it. */
const FULL = 8 * 1024 ** 2;

/**
 * @returns what `work` returns
 * @throws FleetError `stop`, code `disk-full`, in the place of what `work` throws when `folder` had no room left
 */
export async function whileThereIsRoom<T>(folder: string, work: () => Promise<T>): Promise<T> {
  let least = freeBytes(folder);
  const look = () => {
    least = Math.min(least, freeBytes(folder));
  };
  const watch = setInterval(look, EVERY_MS);
  try {
    return await work();
  } catch (error) {
    look();
    const isFull = codeOf(error) === 'ENOSPC' || least < FULL;
    throw isFull && !(isFleetError(error) && error.kind === 'interrupted') ? diskFull(folder, error) : error;
  } finally {
    clearInterval(watch);
  }
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function diskFull(folder: string, cause: unknown): FleetError {
  const first = reasonOf(cause).split('\n')[0]?.replace(/:$/, '') ?? '';
  return new FleetError({
    kind: 'stop',
    code: 'disk-full',
    message: `the disk of ${folder} ran full: ${first}`,
    hint: 'Free some room, or name another folder in RTPFLEET_CACHE; what the build had begun is removed.',
    facts: { folder },
    cause,
  });
}
