/** The one door to programs of the host: runs one to its end, and turns a failure into a FleetError that shows the command. */
import { execa } from 'execa';
import { FleetError } from '../../lib/errors.ts';

/** Standard output of `program args…`. Rejects with code `command-failed` (kind `stop`): command, exit code, last lines. */
export async function run(program: string, args: readonly string[], input?: string): Promise<string> {
  const result = await execa(program, args, {
    reject: false,
    env: { LC_ALL: 'C' },
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
  if (!result.failed) return result.stdout;
  const shown = [program, ...args].join(' ');
  const why = (result.stderr || result.stdout || '').trim().split('\n').slice(-3).join(' | ');
  throw new FleetError({
    kind: 'stop',
    code: 'command-failed',
    message: `\`${shown}\` failed${result.exitCode === undefined ? '' : ` with exit code ${result.exitCode}`}: ${why || 'it printed nothing'}`,
    facts: { program, exitCode: result.exitCode },
    cause: result.cause,
  });
}

/** As `run`, for a command that is allowed to fail (clean-up of what may not be there); undefined when it did. */
export async function attempt(program: string, args: readonly string[]): Promise<string | undefined> {
  const result = await execa(program, args, { reject: false, env: { LC_ALL: 'C' }, stdin: 'ignore' });
  return result.failed ? undefined : result.stdout;
}
