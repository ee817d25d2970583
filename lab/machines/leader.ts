/** The init of a running machine: its pid on the host is the door into its namespaces. */
import { readFile } from 'node:fs/promises';
import { childrenOf } from '../host/processes.ts';

/** Pid of the machine's init; undefined until init itself runs (systemd-nspawn prepares for some 100 ms before). */
export async function leaderOf(supervisor: number): Promise<number | undefined> {
  for (const pid of await childrenOf(supervisor)) if (await isInit(pid)) return pid;
  return undefined;
}

/** First in its pid namespace, and no longer systemd-nspawn's own stub. */
async function isInit(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const namespaced = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  const name = /^Name:\s+(.*)$/m.exec(status)?.[1] ?? '';
  return namespaced.length > 1 && namespaced.at(-1) === '1' && !/nspawn|^\(/.test(name);
}
