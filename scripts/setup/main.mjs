/** The steps of set-up, in order. Each guards itself: where there is nothing to do it says and does nothing. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installAsRoot } from './elevate.mjs';
import { isDebianLike, isRoot, readOsRelease, which } from './machine.mjs';
import { installNpmPackages, isInstalled } from './npm-packages.mjs';
import { isPurpose, missing, needsOf, PURPOSES } from './purposes.mjs';
import { complain, SetupError, say } from './say.mjs';
import { UNFINISHED } from './system.mjs';

/** @typedef {import('./purposes.mjs').Purpose} Purpose */

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** @param {readonly string[]} argv */
export async function main(argv) {
  process.exitCode = await setUp(argv).catch(complain);
}

/**
 * @param {readonly string[]} argv
 * @returns {Promise<number>} exit code
 */
async function setUp(argv) {
  const started = Date.now();
  const purpose = purposeOf(argv);
  checkPlatform(purpose);
  const didSystem = await ensureSystem(purpose);
  const didPackages = await ensureNpmPackages();
  if (didSystem || didPackages) say(`ready after ${Math.round((Date.now() - started) / 1000)} s`);
  return 0;
}

/**
 * @param {readonly string[]} argv
 * @returns {Purpose}
 */
function purposeOf(argv) {
  const [flag, word = ''] = argv;
  if (flag === '--for' && argv.length === 2 && isPurpose(word)) return word;
  throw new SetupError(
    `I do not understand \`${argv.join(' ')}\`.`,
    `Say for what: node scripts/setup.mjs --for ${Object.keys(PURPOSES).join('|')}`,
  );
}

/** @param {Purpose} purpose */
function checkPlatform(purpose) {
  if (process.platform !== 'linux')
    throw new SetupError(
      `The lab and the image builder need Linux, and this is ${process.platform}.`,
      'Use a Debian 12 or 13 machine, virtual or not. Elsewhere, `pnpm install` and `pnpm unit` work with Node 22.',
    );
  if (PURPOSES[purpose].needsRoot && !isRoot() && which('sudo') === undefined)
    throw new SetupError(
      `\`${purpose}\` starts machines, which takes root, and there is no sudo here.`,
      'Run the same command as root.',
    );
}

/**
 * @param {Purpose} purpose
 * @returns {Promise<boolean>} whether anything was done
 */
async function ensureSystem(purpose) {
  const needs = missing(purpose, (program) => which(program) !== undefined);
  const isUnfinished = existsSync(UNFINISHED) && needsOf(purpose).length > 0;
  if (needs.length === 0 && !isUnfinished) return false;
  const packages = needs.map((need) => need.package).join(' ');
  if (!isDebianLike(readOsRelease()))
    throw new SetupError(
      `Missing: ${needs.map((need) => need.program).join(', ')}. I can install programs on Debian and Ubuntu only.`,
      `Install them by hand; in Debian they come with these packages: ${packages}.`,
    );
  await installAsRoot(purpose, packages);
  return true;
}

async function ensureNpmPackages() {
  if (isInstalled(ROOT)) return false;
  await installNpmPackages(ROOT);
  return true;
}
