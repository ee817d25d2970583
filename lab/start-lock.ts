/** One start of a lab at a time: a lock file beside the lab's folder, which a killed start leaves and the next one takes over. */
import { rm, writeFile } from 'node:fs/promises';
import { FleetError } from '../lib/errors.ts';
import { readJson } from './host/json-file.ts';
import { identify, isAlive, type ProcessId } from './host/processes.ts';

/** Rejects with code `lab-starting` (kind `locked`) while another program starts the lab of `folder`. */
export async function withStartLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = `${folder}.starting`;
  const own = await identify(process.pid);
  const take = (): Promise<void> => writeFile(path, JSON.stringify(own), { flag: 'wx' });
  await take().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    const owner = (await readJson(path)) as ProcessId | undefined;
    if (owner !== undefined && (await isAlive(owner))) throw starting(folder, owner.pid);
    await rm(path, { force: true });
    await take();
  });
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

function starting(folder: string, pid: number): FleetError {
  return new FleetError({
    kind: 'locked',
    code: 'lab-starting',
    message: `The lab in ${folder} is being started by process ${pid}.`,
    hint: 'Wait for it, then look with `pnpm lab status`.',
  });
}
