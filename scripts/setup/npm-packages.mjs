/** npm packages and the Node runtime among them, through the pnpm that package.json pins. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkSpace, isWritable, which } from './machine.mjs';
import { run } from './run.mjs';
import { SetupError, say } from './say.mjs';

const SPACE = 2 * 2 ** 30;
const INPUTS = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc'];
/** No question is asked, neither by pnpm nor by corepack, which may stand in for it. */
const QUIET = { CI: 'true', COREPACK_ENABLE_DOWNLOAD_PROMPT: '0' };

const stampFile = (/** @type {string} */ root) => join(root, 'node_modules', '.rtpfleet-setup');
const toolsFolder = (/** @type {string} */ root) => join(root, '.tools');
const runtime = (/** @type {string} */ root) => join(root, 'node_modules', '.bin', 'node');

/** @param {string} root folder of the project */
function digestOfInputs(root) {
  const hash = createHash('sha256');
  for (const name of INPUTS) hash.update(readFileSync(join(root, name)));
  return hash.digest('hex');
}

/**
 * True when what the lock file names was installed here, to the end.
 * @param {string} root
 */
export function isInstalled(root) {
  const stamp = stampFile(root);
  return (
    existsSync(runtime(root)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digestOfInputs(root)
  );
}

/** @param {string} root */
export async function installNpmPackages(root) {
  checkSpace(root, SPACE, 'npm packages');
  const digest = digestOfInputs(root);
  mkdirSync(toolsFolder(root), { recursive: true });
  const pnpm = await findPnpm(root);
  say('installing npm packages and the Node runtime, about a minute the first time');
  // The lock: `npm test` and `npm run demo` may be started side by side in one folder.
  const args = [
    '--no-fork',
    join(toolsFolder(root), 'pnpm.lock'),
    pnpm,
    'install',
    '--frozen-lockfile',
    '--reporter=append-only',
  ];
  const { code, tail } = await run('flock', args, { cwd: root, env: QUIET });
  if (code !== 0) throw failed(`pnpm install failed with exit code ${code}`, tail);
  if (!existsSync(runtime(root)))
    throw new SetupError(
      `There is no Node runtime for this processor (${process.arch}).`,
      'rtpfleet runs on amd64 and arm64.',
    );
  writeFileSync(stampFile(root), digest);
}

/** @param {string} root */
function pinnedPnpm(root) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return String(packageManager).replace(/^pnpm@/, '');
}

/**
 * The pinned pnpm: the user's own, else one that is installed now. Another version of the user's is left alone.
 * @param {string} root
 * @returns {Promise<string>} path of the program
 */
async function findPnpm(root) {
  const version = pinnedPnpm(root);
  const own = which('pnpm');
  const tools = toolsFolder(root);
  const local = join(tools, 'node_modules', '.bin', 'pnpm');
  for (const candidate of [own, local])
    if (candidate !== undefined && (await versionOf(candidate, root)) === version) return candidate;
  const folder = own === undefined ? await globalFolder() : undefined;
  say(`installing pnpm ${version} ${folder === undefined ? 'into .tools/' : 'with npm install --global'}`);
  const where = folder === undefined ? ['--prefix', tools, '--no-save', '--no-package-lock'] : ['--global'];
  const { code, tail } = await run('npm', ['install', ...where, `pnpm@${version}`], { cwd: tools });
  if (code !== 0) throw failed(`npm could not install pnpm ${version} (exit code ${code})`, tail);
  return folder === undefined ? local : join(folder, 'bin', 'pnpm');
}

/**
 * @param {string} program
 * @param {string} root
 * @returns {Promise<string>} empty: it does not work here
 */
async function versionOf(program, root) {
  if (!existsSync(program)) return '';
  const { code, tail } = await run(program, ['--version'], { cwd: root, env: QUIET });
  return code === 0 ? tail.trim() : '';
}

/** npm's global folder, if this user may write there. */
async function globalFolder() {
  const { code, tail } = await run('npm', ['prefix', '--global']);
  const prefix = tail.split('\n').pop()?.trim() ?? '';
  if (code !== 0 || prefix === '') return undefined;
  const isOurs = [join(prefix, 'lib', 'node_modules'), join(prefix, 'bin')].every((folder) =>
    isWritable(existsSync(folder) ? folder : existsSync(dirname(folder)) ? dirname(folder) : prefix),
  );
  return isOurs ? prefix : undefined;
}

/**
 * @param {string} what
 * @param {string} tail
 */
function failed(what, tail) {
  return new SetupError(
    `${what}:\n    ${tail}`,
    'Mend what these lines say (network, registry or proxy in the npm configuration), then run the same command again.',
  );
}
