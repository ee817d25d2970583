/** Machines, a bridge and mounts take root: the demo starts itself again through sudo when it has to. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { FleetError } from '../../lib/errors.ts';

/** Variables that mean something to the demo; sudo drops the others. */
const KEPT = ['RTPFLEET_LAB', 'RTPFLEET_CACHE', 'TERM', 'NO_COLOR'];

/** Answers the exit code of the demo under sudo. Rejects with code `not-root` where there is no sudo. */
export async function runAsRoot(
  program: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> {
  const sudo = find('sudo', env.PATH ?? '');
  if (sudo === undefined) throw notRoot();
  const kept = KEPT.flatMap((name) => (env[name] === undefined ? [] : [`${name}=${env[name]}`]));
  process.stderr.write('The demo needs root for machines, a bridge and mounts: going on with sudo.\n');
  const child = spawn(sudo, [...kept, process.execPath, program, ...argv], { stdio: 'inherit' });
  // A Ctrl-C reaches both; the one that cleans up is waited for.
  const wait = () => {};
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, wait);
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function find(program: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function notRoot(): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'not-root',
    message: 'The demo starts machines, which takes root, and there is no sudo here.',
    hint: 'Run it again as root.',
  });
}
