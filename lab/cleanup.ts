/**
 * Removes every trace of a lab, and of no other: by what was recorded, and by the names that only this folder's lab gives. Works
 * on a lab that runs, on one whose daemon was killed, and on what a start that was cut off left. Idempotent.
 */
import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson } from './host/json-file.ts';
import { unmountBelow } from './host/mounts.ts';
import { end, type ProcessId } from './host/processes.ts';
import { attempt } from './host/run.ts';
import { discardAllImages } from './images/images.ts';
import { forgetLab, recordedLab } from './lab-file.ts';
import { groupNames, killGroups, removeGroups } from './machines/cgroups.ts';
import { machineIds } from './machines/record.ts';
import { removeMachine } from './machines/remove.ts';
import { isOurs, type LabNames, labNames, namesOf } from './names.ts';
import { MARK } from './preflight.ts';
import { removeNamespace } from './redis/remove.ts';

/** True if there was anything to remove. */
export async function cleanUp(folder: string): Promise<boolean> {
  const recorded = await recordedLab(folder);
  const daemon = (await readJson(join(folder, 'daemon.json'))) as ProcessId | undefined;
  if (daemon !== undefined) await end(daemon, 10_000);
  await forgetLab(folder);
  const all = [labNames(folder), ...(recorded ? [namesOf(recorded.id)] : [])];
  let found = false;
  for (const names of all) if (await removeFromHost(folder, names)) found = true;
  await discardAllImages(folder);
  return (await removeFolder(folder)) || found;
}

async function removeFromHost(folder: string, names: LabNames): Promise<boolean> {
  const namespaces = (await namespacesOfHost()).filter((name) => isOurs(names, name));
  const ids = new Set([
    ...(await machineIds(folder)),
    ...(await groupNames(names.id)),
    ...namespaces.filter(isMachine(names)).map((name) => name.slice(names.id.length + 2)),
  ]);
  await killGroups(names.id);
  await Promise.all([...ids].map((id) => removeMachine(folder, names, id)));
  // A device of this name without the namespace that it leads to is not the lab's work.
  if (namespaces.includes(names.switchNamespace)) await attempt('ip', ['link', 'del', 'dev', names.id]);
  for (const namespace of namespaces) await removeNamespace(namespace);
  await removeGroups(names.id);
  return namespaces.length > 0;
}

const isMachine =
  (names: LabNames) =>
  (namespace: string): boolean =>
    namespace.startsWith(`${names.id}-m`);

async function namespacesOfHost(): Promise<readonly string[]> {
  const list = (await attempt('ip', ['netns', 'list'])) ?? '';
  return list.split('\n').flatMap((line) => line.split(' ')[0] || []);
}

/** Only a folder with a lab's mark is removed: RTPFLEET_LAB may name anything. */
async function removeFolder(folder: string): Promise<boolean> {
  const marked = await access(join(folder, MARK)).then(
    () => true,
    () => false,
  );
  if (!marked) return false;
  await unmountBelow(folder);
  for (const entry of await readdir(folder))
    if (entry !== MARK) await rm(join(folder, entry), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  return true;
}
