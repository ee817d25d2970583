/** The end of a machine: first its processes, then all that it was made of. Works from names alone, without a record or a daemon. */
import { rm } from 'node:fs/promises';
import { FleetError } from '../../lib/errors.ts';
import { unmountBelow } from '../host/mounts.ts';
import { kill, until } from '../host/processes.ts';
import { attempt } from '../host/run.ts';
import { type LabNames, namespaceOf } from '../names.ts';
import { groupsAreEmpty, killGroups, removeGroups } from './cgroups.ts';
import { machinePaths } from './record.ts';

/** How long the kernel may take to end killed processes before that is an error. */
const KILL_LIMIT_MS = 20_000;

/** Kills what runs of the machine and frees namespace, cable and groups; its disk stays. Idempotent. */
export async function releaseMachine(folder: string, names: LabNames, id: string): Promise<void> {
  const namespace = namespaceOf(names, `m${id}`);
  const group = `${names.id}/${id}`;
  const gone = await until(async () => {
    await killGroups(group);
    await killNamespace(namespace);
    return (await groupsAreEmpty(group)) && (await namespaceIsEmpty(namespace));
  }, KILL_LIMIT_MS);
  if (!gone) throw doesNotEnd(id);
  await attempt('ip', ['-n', namespace, 'link', 'del', 'eth0']);
  await attempt('ip', ['netns', 'del', namespace]);
  await removeGroups(group);
  await unmountBelow(machinePaths(folder, id).folder);
}

/** As `releaseMachine`, and removes the disk. Idempotent. */
export async function removeMachine(folder: string, names: LabNames, id: string): Promise<void> {
  await releaseMachine(folder, names, id);
  await rm(machinePaths(folder, id).folder, { recursive: true, force: true });
}

function doesNotEnd(id: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'machine-stuck',
    message: `Processes of machine ${id} are still there ${KILL_LIMIT_MS / 1000} s after they were killed.`,
    facts: { id },
  });
}

async function processesIn(namespace: string): Promise<readonly number[]> {
  const pids = (await attempt('ip', ['netns', 'pids', namespace])) ?? '';
  return pids.split('\n').filter(Boolean).map(Number);
}

/** Kills every process in a network namespace of this lab, e.g. a shell that `lab exec` opened in a machine. */
export async function killNamespace(namespace: string): Promise<void> {
  for (const pid of await processesIn(namespace)) kill(pid, 'SIGKILL');
}

/** True when no process is in the namespace, or it does not exist. */
export async function namespaceIsEmpty(namespace: string): Promise<boolean> {
  return (await processesIn(namespace)).length === 0;
}
