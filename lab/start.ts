/** Starts a lab: looks at the host, chooses port and range, starts the daemon and waits until its endpoint answers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorKind, FleetError } from '../lib/errors.ts';
import { checkSettings, chooseSettings } from './choose-settings.ts';
import { cleanUp } from './cleanup.ts';
import { isRunning, type LabFile, recordedLab } from './lab-file.ts';
import { labNames } from './names.ts';
import { checkHost, MARK } from './preflight.ts';
import { DEFAULT_PROJECT, type LabSettings, readSettings, refuseOthers, writeSettings } from './settings.ts';
import { withStartLock } from './start-lock.ts';

export type StartOptions = {
  /** Absolute path, see `labFolder`. */
  readonly folder: string;
  readonly project?: string | undefined;
  readonly port?: number | undefined;
  readonly range?: string | undefined;
  /** Aborted: what was made is removed again, and the promise rejects with kind `interrupted`. */
  readonly abort?: AbortSignal;
};

export type StartedLab = {
  readonly lab: LabFile;
  /** `running`: it ran already, nothing was done. `resumed`: its daemon had ended; machines and images are still there. */
  readonly how: 'started' | 'resumed' | 'running';
};

/** What the daemon says to the one that started it. */
export type DaemonMessage =
  | { readonly kind: 'ready'; readonly lab: LabFile }
  | { readonly kind: 'failed'; readonly error: DaemonFailure | undefined };

type DaemonFailure = {
  readonly errorKind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
};

/** Rejects with the FleetErrors of lab/preflight.ts; leaves nothing when a new lab does not come up. */
export async function startLab(options: StartOptions): Promise<StartedLab> {
  const running = await runningLab(options);
  if (running !== undefined) return running;
  await checkHost(options.folder);
  return withStartLock(options.folder, async () => (await runningLab(options)) ?? (await start(options)));
}

async function runningLab(options: StartOptions): Promise<StartedLab | undefined> {
  const lab = await recordedLab(options.folder);
  if (lab === undefined || !(await isRunning(lab))) return undefined;
  refuseOthers(options.folder, lab, options);
  return { lab, how: 'running' };
}

async function start(options: StartOptions): Promise<StartedLab> {
  const { folder } = options;
  const names = labNames(folder);
  const earlier = (await recordedLab(folder)) && (await readSettings(folder));
  if (earlier !== undefined) {
    refuseOthers(folder, earlier, options);
    await checkSettings(names, earlier);
    return { lab: await startDaemon(options), how: 'resumed' };
  }
  await cleanUp(folder);
  const wanted = { ...options, project: options.project ?? DEFAULT_PROJECT };
  const settings = await chooseSettings(folder, names, wanted);
  try {
    await makeFolder(folder, settings);
    return { lab: await startDaemon(options), how: 'started' };
  } catch (error) {
    await cleanUp(folder);
    throw error;
  }
}

async function makeFolder(folder: string, settings: LabSettings): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, MARK), 'Made by `pnpm lab up`; `pnpm lab down` removes this folder.\n');
  await writeSettings(folder, settings);
}

async function startDaemon({ folder, abort }: StartOptions): Promise<LabFile> {
  const log = await open(join(folder, 'daemon.log'), 'a');
  const program = fileURLToPath(new URL('./daemon.ts', import.meta.url));
  const child = spawn(process.execPath, [program, folder], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  });
  await log.close();
  try {
    return await firstMessage(child, folder, abort);
  } catch (error) {
    child.kill('SIGTERM');
    throw error;
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function firstMessage(child: ChildProcess, folder: string, abort?: AbortSignal): Promise<LabFile> {
  return new Promise((resolve, reject) => {
    const fail = (failure?: DaemonFailure): Promise<void> =>
      readFile(join(folder, 'daemon.log'), 'utf8').then(
        (log) => reject(toError(failure, log)),
        () => reject(toError(failure, '')),
      );
    const ended = (): void => void fail();
    child.once('error', ended);
    child.once('exit', ended);
    child.once('message', (message: DaemonMessage) =>
      message.kind === 'ready' ? resolve(message.lab) : void fail(message.error),
    );
    const stop = (): void => reject(interrupted());
    if (abort?.aborted) stop();
    abort?.addEventListener('abort', stop, { once: true });
  });
}

function interrupted(): FleetError {
  return new FleetError({
    kind: 'interrupted',
    code: 'interrupted',
    message: 'Interrupted: the lab was not started.',
  });
}

/** The log goes with the folder of a lab that did not come up: so its end is told here, unless the user is to mend something. */
function toError(failure: DaemonFailure | undefined, log: string): FleetError {
  const last = log.trim().split('\n').slice(-4).join('\n  ');
  return new FleetError({
    kind: failure?.errorKind ?? 'stop',
    code: failure?.code ?? 'daemon-failed',
    message: failure?.message ?? 'The daemon of the lab ended while it started.',
    hint: failure?.errorKind === 'usage' ? (failure.hint ?? '') : `The end of its log:\n  ${last}`,
  });
}
