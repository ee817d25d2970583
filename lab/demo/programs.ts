/** The programs that a demo starts: lines of their output one by one, and none of them outlives the demo. */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { identify, signal as sendSignal, until } from '../host/processes.ts';
import { ROOT } from './plan.ts';

export type Program = {
  /** Its exit code; 128 and more for a signal, as a shell says it. */
  readonly exit: Promise<number>;
  readonly signal: (name: NodeJS.Signals) => void;
  /** The end of what it wrote to stderr. */
  readonly complaint: () => string;
};

export type Programs = {
  /** Runs a file of the repository on this Node; `onLine` gets each line of its stdout. */
  readonly start: (file: string, args: readonly string[], onLine: (line: string) => void) => Promise<Program>;
  /** Ends all of them; resolves when none is left. */
  readonly endAll: () => Promise<void>;
};

const GRACE_MS = 1_000;
const COMPLAINT_BYTES = 4_000;

/** `note` is told each pid before the program matters. */
export function createPrograms(note: (pid: number) => Promise<void>): Programs {
  const running = new Set<ChildProcess>();
  return {
    start: async (file, args, onLine) => {
      // A group of its own: a Ctrl-C in the terminal reaches the demo only, and the demo ends what it started in order.
      const child = spawn(process.execPath, [resolve(ROOT, file), ...args], {
        cwd: ROOT,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      running.add(child);
      const program = follow(child, onLine);
      void program.exit.then(() => running.delete(child));
      if (child.pid !== undefined) await note(child.pid);
      return program;
    },
    endAll: async () => {
      await Promise.all([...running].map(endProgram));
    },
  };
}

function follow(child: ChildProcess, onLine: (line: string) => void): Program {
  let complaint = '';
  child.stderr?.on('data', (text) => {
    complaint = `${complaint}${String(text)}`.slice(-COMPLAINT_BYTES);
  });
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', onLine);
  const exit = new Promise<number>((done) => {
    child.once('error', () => done(127));
    child.once('close', (code, name) => done(code ?? (name === null ? 1 : 128)));
  });
  return { exit, signal: (name) => child.kill(name), complaint: () => complaint.trim() };
}

async function endProgram(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const target = await identify(child.pid);
  if (target === undefined) return;
  child.kill('SIGTERM');
  const isGone = async () => child.exitCode !== null || child.signalCode !== null;
  if (await until(isGone, GRACE_MS)) return;
  await sendSignal(target, 'SIGKILL');
  await until(isGone, GRACE_MS);
}
