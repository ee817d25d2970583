/** The one door to other programs. Shows that a long one still works, and gives back its last lines. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Interrupted, say } from './say.mjs';

/** @typedef {{ readonly code: number, readonly tail: string }} Outcome `code` 127: there is no such program; above 128: a signal ended it, as in a shell. */
/** @typedef {{
 *   readonly env?: Readonly<Record<string, string>>,
 *   readonly cwd?: string,
 *   readonly visible?: boolean,
 *   readonly unbroken?: boolean,
 * }} RunOptions
 * `visible`: it talks to the user itself. `unbroken`: Ctrl-C does not reach it; it is waited for.
 */

const HEARTBEAT_MS = 15_000;
const TAIL_LINES = 12;

/**
 * Runs a program to its end.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Outcome>}
 * @throws {Interrupted} after the program's end, when a signal came meanwhile
 */
export async function run(program, args, options = {}) {
  const child = spawn(program, args, {
    stdio: options.visible === true ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    detached: options.unbroken === true, // Its own process group: a terminal's Ctrl-C is for us only.
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const output = keepTail(child);
  const heart = options.visible === true ? undefined : setInterval(() => output.beat(), HEARTBEAT_MS);
  const signals = listen(() => {
    if (options.unbroken === true)
      say(`${program} finishes first, so that no package is left half-installed`);
    else child.kill('SIGTERM');
  });
  const code = await new Promise((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (status, signal) =>
      resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
    // Whatever else still holds its output is not waited for once the user wants to stop.
    child.on('exit', (status) => signals.came() !== undefined && resolve(status ?? 1));
  });
  clearInterval(heart);
  const signal = signals.stop();
  if (signal !== undefined) throw new Interrupted(signal);
  return { code, tail: output.lastLines() };
}

/** @param {import('node:child_process').ChildProcess} child */
function keepTail(child) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => {
      text = (text + chunk).slice(-20_000);
    });
  }
  const lines = () => text.trimEnd().split(/[\r\n]+/);
  return {
    lastLines: () => lines().slice(-TAIL_LINES).join('\n    '),
    beat: () => say(`  … ${(lines().pop() || 'no output yet').slice(0, 100)}`),
  };
}

/**
 * Hears Ctrl-C and `kill` until `stop`; both functions tell the first signal that came, if any.
 * @param {() => void} react
 */
function listen(react) {
  /** @type {NodeJS.Signals | undefined} */
  let came;
  /** @param {NodeJS.Signals} signal */
  const heard = (signal) => {
    if (came !== undefined) return; // Ctrl-C reaches us directly and once more through who started us.
    came = signal;
    react();
  };
  /** @type {readonly NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, heard);
  return {
    came: () => came,
    stop: () => {
      for (const signal of signals) process.off(signal, heard);
      return came;
    },
  };
}
