/**
 * Runs one program of the build. Its output goes to the log; a failure carries the command, its last lines and the
 * log's place. The program dies with the builder, even when that is killed with SIGKILL.
 */
import { appendFileSync } from 'node:fs';
import { execa } from 'execa';
import { FleetError, reasonOf } from '../lib/errors.ts';
import { lastWords } from './last-words.ts';

/** What every command of one build shares. */
export type Shop = {
  /** File that gets every command with all of its output. */
  readonly log: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};

export type CommandOptions = {
  readonly cwd?: string;
  /** Added to the small, fixed environment that commands run in. */
  readonly env?: Readonly<Record<string, string>>;
  /** What errors call the command, when the words around it would only hide it. */
  readonly shown?: readonly string[];
  /** Called with the process id as soon as it runs; what it returns is written to the program's standard input. */
  readonly attend?: (pid: number) => Promise<string>;
};

/** Only these come from the caller's environment: everything else could change what is built. */
const PASSED_ON = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'HOME'];

/**
 * @returns what the program wrote to standard output
 * @throws FleetError `stop`, code `command-failed`; `interrupted` after Ctrl-C
 */
export async function runCommand(
  shop: Shop,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  shop.signal.throwIfAborted();
  note(shop, `\n$ ${argv.join(' ')}\n`);
  // No shell in between: bash, started by a program on a socket, would read ~/.bashrc first (bash(1), "rshd").
  const running = execa('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    env: environment(options.env),
    extendEnv: false,
    stdin: 'pipe',
    // setpriv sees to it, also after SIGKILL.
    cleanup: false,
    // A process group of its own, to be killed as one.
    detached: true,
    all: true,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: Number.POSITIVE_INFINITY,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const kill = () => killGroup(running.pid);
  // It waits for what will never come.
  const killAndThrow = (error: unknown) => {
    kill();
    throw error;
  };
  shop.signal.addEventListener('abort', kill, { once: true });
  try {
    // A program that ended early reads nothing: its exit code says why.
    running.stdin.on('error', () => undefined);
    if (options.attend !== undefined && running.pid !== undefined)
      running.stdin.write(await options.attend(running.pid).catch(killAndThrow));
    running.stdin.end();
    const { all, stdout, exitCode, failed } = await running;
    note(shop, all);
    shop.signal.throwIfAborted();
    if (failed) throw commandFailed(shop, options.shown ?? argv, exitCode, all);
    return stdout;
  } catch (error) {
    // Ctrl-C, whatever else it broke.
    shop.signal.throwIfAborted();
    throw error;
  } finally {
    shop.signal.removeEventListener('abort', kill);
  }
}

/** With all that it started: a child that was just forked has not yet arranged to die with it. */
function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** A full disk must not hide why a command failed. */
function note(shop: Shop, text: string): void {
  try {
    appendFileSync(shop.log, text);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

function environment(extra: CommandOptions['env']): NodeJS.ProcessEnv {
  const passed = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    // With the C locale, mke2fs fails on file names in UTF-8.
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    ...extra,
  };
}

function commandFailed(
  shop: Shop,
  argv: readonly string[],
  exitCode: number | undefined,
  output: string,
): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'command-failed',
    message: [
      `${argv[0]} failed (exit code ${exitCode ?? 'none: killed'}): ${argv.join(' ')}`,
      ...lastWords(output),
    ].join('\n    '),
    hint: `The whole output is in ${shop.log}`,
    facts: { command: argv.join(' '), exitCode: exitCode ?? -1, log: shop.log },
  });
}

/** The sentence for a failed file operation around commands. */
export function buildFailed(code: string, message: string, cause?: unknown): FleetError {
  const reason = cause === undefined ? '' : `: ${reasonOf(cause)}`;
  return new FleetError({ kind: 'stop', code, message: `${message}${reason}`, cause });
}
