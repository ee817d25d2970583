/**
 * `.lab/lab.json`: where a lab is and how to reach it. Written by the daemon once its endpoint answers, read by every other program.
 */
import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FleetError } from '../lib/errors.ts';
import { readJson, writeJson } from './host/json-file.ts';
import { isAlive, type ProcessId } from './host/processes.ts';

export type LabFile = {
  /** Format of this file. */
  readonly version: 1;
  /** Absolute path of the lab's folder. */
  readonly folder: string;
  /** Prefix of every name on the host, and the host's network device on the lab's network. */
  readonly id: string;
  readonly project: string;
  /** e.g. `http://127.0.0.1:21877`: speaks the GCE REST API. */
  readonly endpoint: string;
  readonly port: number;
  readonly daemon: ProcessId;
  /** e.g. `10.77.12.0/24` */
  readonly range: string;
  /** The host's own address on the lab's network: source address of what runs on the host. */
  readonly gateway: string;
};

/** The lab's folder, absolute and without symbolic links: RTPFLEET_LAB, else `.lab` of the current directory. */
export function labFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): string {
  const folder = resolve(cwd, env.RTPFLEET_LAB || '.lab');
  try {
    return join(realpathSync(dirname(folder)), basename(folder));
  } catch {
    return folder;
  }
}

const labPath = (folder: string): string => join(folder, 'lab.json');

/** What the last start of the lab wrote, running or not; undefined: never started here, or taken down. Rejects: `not-root`. */
export async function recordedLab(folder: string): Promise<LabFile | undefined> {
  const value = await readJson(labPath(folder)).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EACCES' ? unreadable(folder) : error;
  });
  return isLabFile(value) ? value : undefined;
}

function unreadable(folder: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'not-root',
    message: `Only root may read the lab in ${folder}.`,
    hint: 'Run it again with sudo.',
  });
}

function isLabFile(value: unknown): value is LabFile {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1;
}

export function writeLab(lab: LabFile): Promise<void> {
  return writeJson(labPath(lab.folder), lab);
}

/** Takes the record away, so that nobody takes a lab that is being removed for one that may be started again. */
export function forgetLab(folder: string): Promise<void> {
  return rm(labPath(folder), { force: true });
}

/** True while the daemon of this record runs. */
export function isRunning(lab: LabFile): Promise<boolean> {
  return isAlive(lab.daemon);
}

/** The running lab of `folder`. Rejects with code `lab-down` (kind `usage`) when there is none. */
export async function readLab(folder: string = labFolder()): Promise<LabFile> {
  const lab = await recordedLab(folder);
  if (lab !== undefined && (await isRunning(lab))) return lab;
  throw new FleetError({
    kind: 'usage',
    code: 'lab-down',
    message: lab
      ? `The lab in ${folder} is recorded, but its daemon (pid ${lab.daemon.pid}) does not run.`
      : `There is no lab in ${folder}.`,
    hint: 'Start it with `pnpm lab up`, or name another folder in RTPFLEET_LAB.',
    facts: { folder },
  });
}
