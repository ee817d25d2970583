/** A program that outlives this one: in a session of its own, no terminal, all it prints in a file. */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { identify, type ProcessId } from './processes.ts';

export type DetachedOptions = {
  /** File that standard output and error are appended to. */
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** undefined when it could not be started or ended at once; the file says why. */
export async function startDetached(
  command: readonly string[],
  options: DetachedOptions,
): Promise<ProcessId | undefined> {
  const [program = '', ...args] = command;
  const output = await open(options.log, 'a');
  try {
    const child = spawn(program, args, {
      detached: true,
      cwd: '/',
      env: { ...process.env, ...options.env },
      stdio: ['ignore', output.fd, output.fd],
    });
    child.once('error', (error) => void output.appendFile(`${error.message}\n`).catch(() => undefined));
    child.unref();
    return child.pid === undefined ? undefined : await identify(child.pid);
  } finally {
    await output.close();
  }
}
