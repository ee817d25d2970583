/** A command in a machine, as root, through the namespaces of its init. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { FleetError } from '../../lib/errors.ts';
import { isAlive } from '../host/processes.ts';
import { leaderOf } from './leader.ts';
import type { MachineRecord } from './record.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Program and arguments that run `words` in the machine whose init has this pid on the host. Pure. */
export function enterCommand(leader: number, words: readonly string[], term: string): readonly string[] {
  return [
    ...['nsenter', '--target', String(leader), '--all', '--'],
    ...['env', '-i', `PATH=${PATH}`, 'HOME=/root', 'LANG=C.UTF-8', `TERM=${term}`, ...words],
  ];
}

/** `enterCommand` for a running machine. Rejects with code `machine-not-running` (kind `usage`). */
export async function commandIn(record: MachineRecord, words: readonly string[]): Promise<readonly string[]> {
  const { spec, supervisor } = record;
  const alive = supervisor !== undefined && (await isAlive(supervisor));
  const leader = alive ? await leaderOf(supervisor.pid) : undefined;
  if (leader !== undefined) return enterCommand(leader, words, process.env.TERM ?? 'dumb');
  throw new FleetError({
    kind: 'usage',
    code: 'machine-not-running',
    message: `Machine ${spec.name} does not run.`,
    hint: `See what it printed with \`pnpm lab console ${spec.name}\`.`,
  });
}

/** Runs it with this process's terminal; the exit code, 128 + number when a signal ended it is the shell's business: then 1. */
export async function execIn(record: MachineRecord, words: readonly string[]): Promise<number> {
  const [program = '', ...args] = await commandIn(record, words);
  const child = spawn(program, args, { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
