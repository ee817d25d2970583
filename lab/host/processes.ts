/** Processes that outlive the program that started them: known by pid *and* start time *and* boot, so that a reused pid is never hit. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export type ProcessId = {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks between boot and start. */
  readonly startTime: string;
  /** /proc/sys/kernel/random/boot_id when it started. */
  readonly boot: string;
};

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

async function bootId(): Promise<string> {
  return (await read('/proc/sys/kernel/random/boot_id')).trim();
}

/** State letter and start time of /proc/<pid>/stat. The command name in parentheses may hold anything, also parentheses. Pure. */
export function parseStat(stat: string): { readonly state: string; readonly startTime: string } | undefined {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return state && startTime ? { state, startTime } : undefined;
}

/** Identity of a process that runs now; undefined: there is none of this number. */
export async function identify(pid: number): Promise<ProcessId | undefined> {
  const stat = parseStat(await read(`/proc/${pid}/stat`));
  return stat && stat.state !== 'Z' && stat.state !== 'X'
    ? { pid, startTime: stat.startTime, boot: await bootId() }
    : undefined;
}

/** True while this very process runs; one that ended and is not yet reaped does not. */
export async function isAlive(process: ProcessId): Promise<boolean> {
  const now = await identify(process.pid);
  return now !== undefined && now.startTime === process.startTime && now.boot === process.boot;
}

/** Sends a signal to this very process, if it still runs. */
export async function signal(target: ProcessId, name: NodeJS.Signals): Promise<void> {
  if (await isAlive(target)) kill(target.pid, name);
}

/** `kill` that takes "no such process" for an answer. */
export function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until `done` says true, looking every `stepMs`; false when `limitMs` have passed without. */
export async function until(done: () => Promise<boolean>, limitMs: number, stepMs = 20): Promise<boolean> {
  for (let waited = 0; ; waited += stepMs) {
    if (await done()) return true;
    if (waited >= limitMs) return false;
    await sleep(stepMs);
  }
}

/** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. */
export async function end(target: ProcessId, graceMs: number): Promise<void> {
  const gone = async (): Promise<boolean> => !(await isAlive(target));
  await signal(target, 'SIGTERM');
  if (await until(gone, graceMs)) return;
  await signal(target, 'SIGKILL');
  await until(gone, 5_000);
}

/** Direct children of a process. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  return (await read(`/proc/${pid}/task/${pid}/children`)).split(' ').filter(Boolean).map(Number);
}
