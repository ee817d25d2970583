/**
 * Lab tests start machines, daemons and relays. Whatever a run started carries the run's name: its processes in their
 * environment, its labs below one folder. So the next run finds what an earlier one left when it was killed, and stops
 * that and nothing else. A run that is still on is left alone.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp } from '../../lab/cleanup.ts';
import { identify, isAlive, kill } from '../../lab/host/processes.ts';
import { MARK } from '../../lab/preflight.ts';

const VARIABLE = 'RTPFLEET_TEST_RUN';

/** vitest's global set-up of the project `lab`; what it returns is run at the end. */
export async function setup(): Promise<() => Promise<void>> {
  const runs = join(tmpdir(), 'rtpfleet-test-runs');
  await mkdir(runs, { recursive: true });
  for (const run of await readdir(runs)) if (!(await isOn(run))) await sweep(runs, run);
  const own = await identify(process.pid);
  if (own === undefined) throw new Error('this process has no entry in /proc');
  const run = [own.pid, own.startTime, own.boot].join('.');
  const before = { [VARIABLE]: process.env[VARIABLE], TMPDIR: process.env.TMPDIR };
  await mkdir(join(runs, run), { recursive: true });
  Object.assign(process.env, { [VARIABLE]: run, TMPDIR: join(runs, run) });
  return async () => {
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    await sweep(runs, run);
  };
}

async function isOn(run: string): Promise<boolean> {
  const [pid, startTime = '', boot = ''] = run.split('.');
  return isAlive({ pid: Number(pid), startTime, boot });
}

async function sweep(runs: string, run: string): Promise<void> {
  for (const folder of await labsBelow(join(runs, run), 3)) await cleanUp(folder);
  for (const pid of await processesOf(run)) if (pid !== process.pid) kill(pid, 'SIGKILL');
  await rm(join(runs, run), { recursive: true, force: true });
}

async function labsBelow(folder: string, depth: number): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (entries.some((entry) => entry.name === MARK)) return [folder];
  if (depth === 0) return [];
  const below = entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  return (await Promise.all(below.map((each) => labsBelow(each, depth - 1)))).flat();
}

/** Processes whose environment names the run; an environment is what a process was started with. */
async function processesOf(run: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const owned = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return environment.split('\0').includes(`${VARIABLE}=${run}`);
    }),
  );
  return pids.filter((_, index) => owned[index]);
}
