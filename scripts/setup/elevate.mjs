/** Starts the part of set-up that needs root, one at a time on this machine. */
import { fileURLToPath } from 'node:url';
import { isRoot, which } from './machine.mjs';
import { run } from './run.mjs';
import { Failed, SetupError } from './say.mjs';

const SCRIPT = fileURLToPath(new URL('system.mjs', import.meta.url));
const LOCK = '/run/rtpfleet-setup.lock';
const LOCK_SECONDS = 1200;
/** What flock ends with when it waited in vain; no exit code of ours. */
const LOCK_HELD = 75;

/**
 * @param {import('./purposes.mjs').Purpose} purpose
 * @param {string} packages that are missing, for the user who has to do it by hand
 */
export async function installAsRoot(purpose, packages) {
  // Without a fork, flock becomes the script, and a signal reaches that.
  const patience = ['--timeout', String(LOCK_SECONDS), '--conflict-exit-code', String(LOCK_HELD)];
  const lock = ['flock', '--no-fork', ...patience, LOCK];
  const command = [...(await elevation(packages)), ...lock, process.execPath, SCRIPT, purpose];
  const [program = '', ...args] = command;
  const { code } = await run(program, args, { visible: true });
  if (code === LOCK_HELD)
    throw new SetupError(
      `Another set-up on this machine has been at work for ${LOCK_SECONDS / 60} minutes.`,
      `See what it waits for: fuser --verbose ${LOCK}`,
    );
  if (code !== 0) throw new Failed(code);
}

/**
 * @param {string} packages
 * @returns {Promise<readonly string[]>} what goes before a command that needs root
 */
async function elevation(packages) {
  if (isRoot()) return [];
  const missing = `Debian packages are missing (${packages})`;
  const byHand = `Run as root: apt-get install --no-install-recommends ${packages}`;
  if (which('sudo') === undefined) throw new SetupError(`${missing}, and there is no sudo here.`, byHand);
  if (!process.stdin.isTTY && (await run('sudo', ['-n', 'true'])).code !== 0)
    throw new SetupError(`${missing}; sudo wants a password, and there is no terminal to ask on.`, byHand);
  return ['sudo'];
}
