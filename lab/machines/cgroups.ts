/**
 * Control groups of machines. `systemd-nspawn --keep-unit` puts supervisor and payload below the group that it is started in, so
 * each machine is started in `<lab>/<id>` of the unified tree and, on hybrid hosts, of systemd's own v1 tree. Docker's
 * cgroupfs driver does the same beside a host's systemd.
 */
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mounts } from '../host/mounts.ts';
import { kill } from '../host/processes.ts';

/** Roots of the trees that systemd in a machine uses: cgroup2, and `name=systemd` where v1 is mounted as well. */
async function roots(): Promise<readonly string[]> {
  const found = (await mounts()).filter(
    ({ type, point }) => type === 'cgroup2' || (type === 'cgroup' && point.endsWith('/systemd')),
  );
  return [...new Set(found.map(({ point }) => point))];
}

/** Makes the groups of a machine; the `cgroup.procs` files that its first process has to write itself into. */
export async function makeGroups(path: string): Promise<readonly string[]> {
  const groups = (await roots()).map((root) => join(root, path));
  for (const group of groups) await mkdir(group, { recursive: true });
  return groups.map((group) => join(group, 'cgroup.procs'));
}

/** Kills every process in the groups at and below `path`. A killed systemd-nspawn does not take its machine with it. */
export async function killGroups(path: string): Promise<void> {
  for (const root of await roots())
    for (const group of await below(join(root, path)))
      for (const pid of await processesIn(group)) kill(pid, 'SIGKILL');
}

/** True when no process is left in the groups at and below `path`. */
export async function groupsAreEmpty(path: string): Promise<boolean> {
  for (const root of await roots())
    for (const group of await below(join(root, path)))
      if ((await processesIn(group)).length > 0) return false;
  return true;
}

/** Removes the groups at and below `path`, innermost first. Idempotent. */
export async function removeGroups(path: string): Promise<void> {
  for (const root of await roots())
    for (const group of (await below(join(root, path))).toReversed())
      await rmdir(group).catch(() => undefined);
}

/** Names of the groups directly below `path`. */
export async function groupNames(path: string): Promise<readonly string[]> {
  const names = (await roots()).map(async (root) => {
    const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  });
  return [...new Set((await Promise.all(names)).flat())];
}

/** The group and all below it, outermost first; empty when there is none. */
async function below(group: string): Promise<readonly string[]> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => []);
  if (entries.length === 0) return [];
  const inner = entries.filter((entry) => entry.isDirectory()).map(({ name }) => below(join(group, name)));
  return [group, ...(await Promise.all(inner)).flat()];
}

async function processesIn(group: string): Promise<readonly number[]> {
  const text = await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}

/** Moves this process into groups of its own, so that it does not end with the shell or service that it was started from. */
export async function enterGroups(path: string): Promise<void> {
  for (const file of await makeGroups(path))
    await writeFile(file, String(process.pid)).catch(() => undefined);
}
