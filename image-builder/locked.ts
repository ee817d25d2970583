/** One process at a time, by flock(2) on a file that is there only while somebody wants it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, rmSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildFailed, type Shop } from './command.ts';

/** From here on it is worth a word that another process holds a lock. */
const PATIENCE_MS = 300;

type Release = () => void;

/**
 * The lock ends with this process, however that dies: the kernel gives it back. Then the file stays, for `dropLeftLock`.
 * @param waiting called when another process holds it; its argument is resolved when the waiting is over
 */
export async function whileLocked<T>(
  shop: Shop,
  file: string,
  work: () => Promise<T>,
  waiting: (over: Promise<unknown>) => Promise<unknown> = (over) => over,
): Promise<T> {
  shop.signal.throwIfAborted();
  const taking = take(shop, file);
  const soon = taking.then(() => true);
  try {
    if (!(await Promise.race([soon, sleep(PATIENCE_MS, false, { ref: false })]))) await waiting(soon);
  } catch (error) {
    taking.then(
      (release) => release(),
      () => undefined,
    );
    throw error;
  }
  const release = await taking;
  try {
    return await work();
  } finally {
    release();
  }
}

/** Removes the file that a killed process left, unless somebody holds it. */
export async function dropLeftLock(shop: Shop, file: string): Promise<void> {
  const lock = await tryLock(shop, file, ['--nonblock']);
  if (typeof lock === 'function') lock();
}

async function take(shop: Shop, file: string): Promise<Release> {
  for (;;) {
    const lock = await tryLock(shop, file, []);
    if (shop.signal.aborted && typeof lock === 'function') lock();
    shop.signal.throwIfAborted();
    if (lock === 'held') throw buildFailed('cache-lock', `cannot lock ${file}`);
    if (lock !== 'gone') return lock;
  }
}

/** @returns `gone`: whoever held it has removed the file meanwhile, so that the lock is worth nothing */
async function tryLock(
  shop: Shop,
  file: string,
  options: readonly string[],
): Promise<Release | 'held' | 'gone'> {
  const descriptor = openSync(file, 'a');
  try {
    const exitCode = await runFlock(shop, descriptor, options);
    if (exitCode === 0 && isAt(descriptor, file))
      return () => {
        // In this order: who gets the lock after that sees that it is worth nothing.
        rmSync(file, { force: true });
        closeSync(descriptor);
      };
    closeSync(descriptor);
    return exitCode === 0 ? 'gone' : 'held';
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** The lock belongs to the open file, which the program shares with us: it stays ours when the program has ended.
 * @returns null: it was killed */
async function runFlock(shop: Shop, descriptor: number, options: readonly string[]): Promise<number | null> {
  const words = ['--pdeathsig', 'KILL', '--', 'flock', ...options, '0'];
  const child = spawn('setpriv', words, { stdio: [descriptor, 'ignore', 'ignore'] });
  const kill = () => void child.kill('SIGKILL');
  if (shop.signal.aborted) kill();
  shop.signal.addEventListener('abort', kill, { once: true });
  try {
    const [exitCode] = await once(child, 'close');
    return exitCode;
  } finally {
    shop.signal.removeEventListener('abort', kill);
  }
}

/** Whether an open file is what lies under a name. */
function isAt(descriptor: number, file: string): boolean {
  const named = statSync(file, { throwIfNoEntry: false });
  const open = fstatSync(descriptor);
  return named?.ino === open.ino && named.dev === open.dev;
}
