/**
 * One demo at a time in a lab's folder, and no trace of a killed one: a file beside the folder names the demo and the
 * programs that it started. Whoever finds it with a dead owner cleans up first.
 */
import { rm, writeFile } from 'node:fs/promises';
import { FleetError } from '../../lib/errors.ts';
import { readJson, writeJson } from '../host/json-file.ts';
import { end, identify, isAlive, type ProcessId } from '../host/processes.ts';

export type DemoLock = {
  /** A demo was killed here: its programs are ended, its lab is still to be removed. */
  readonly foundLeftovers: boolean;
  /** Notes a program that the demo started, so that the next demo could end it. */
  readonly note: (pid: number) => Promise<void>;
  readonly release: () => Promise<void>;
};

type Entry = { readonly owner: ProcessId; readonly children: readonly ProcessId[] };

const GRACE_MS = 1_000;

/** Rejects with code `demo-running` (kind `locked`) while another demo runs on the lab of `folder`. */
export async function takeDemoLock(folder: string): Promise<DemoLock> {
  const path = `${folder}.demo`;
  const owner = await identify(process.pid);
  if (owner === undefined) throw new TypeError('this process is not in /proc');
  const take = () => writeFile(path, JSON.stringify({ owner, children: [] } satisfies Entry), { flag: 'wx' });
  let foundLeftovers = false;
  await take().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw cannotWrite(path, error);
    const left = (await readJson(path)) as Entry | undefined;
    if (left !== undefined && (await isAlive(left.owner))) throw running(folder, left.owner.pid);
    for (const child of left?.children ?? []) await end(child, GRACE_MS);
    foundLeftovers = true;
    await rm(path, { force: true });
    await take();
  });
  const children: ProcessId[] = [];
  return {
    foundLeftovers,
    note: async (pid) => {
      const child = await identify(pid);
      if (child === undefined) return;
      children.push(child);
      await writeJson(path, { owner, children } satisfies Entry);
    },
    release: () => rm(path, { force: true }),
  };
}

function running(folder: string, pid: number): FleetError {
  return new FleetError({
    kind: 'locked',
    code: 'demo-running',
    message: `A demo runs already on the lab in ${folder} (process ${pid}).`,
    hint: 'Wait for it, or give this one a lab of its own: RTPFLEET_LAB=/var/tmp/demo2 npm run demo',
  });
}

function cannotWrite(path: string, cause: NodeJS.ErrnoException): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'demo-lock',
    message: `${path} cannot be written: ${cause.message}`,
    hint: 'Run the demo where root may write, or name another place in RTPFLEET_LAB.',
    cause,
  });
}
