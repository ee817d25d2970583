/** What this machine is and has. Reads only. */
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { SetupError } from './say.mjs';

/** Folders of system programs that a plain user's search path lacks on Debian. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/**
 * Where `program` is, in the search path or a folder of system programs; a whole path is looked for as it is, and may be of
 * a file that is no program.
 * @param {string} program
 */
export function which(program) {
  if (isAbsolute(program)) return existsSync(program) ? program : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, program)).find((path) => isExecutable(path));
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} folder */
export function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Debian or a system made from it, by os-release(5).
 * @param {string} osRelease text of /etc/os-release
 */
export function isDebianLike(osRelease) {
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].flatMap((match) =>
    (match[1] ?? '').replaceAll(/["']/g, '').split(/\s+/),
  );
  return ids.includes('debian');
}

/** @returns {string} text of /etc/os-release; empty where there is none */
export function readOsRelease() {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
}

export function isRoot() {
  return process.getuid?.() === 0;
}

/**
 * @param {string} folder
 * @param {number} bytes that what comes next takes, with room to spare
 * @param {string} what
 */
export function checkSpace(folder, bytes, what) {
  if (typeof statfsSync !== 'function') return; // Node before 18.15.
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytes) return;
  throw new SetupError(
    `${what} take ${inGib(bytes)}, but the disk of ${folder} has ${inGib(bavail * bsize)} left.`,
    'Free some space, or clone rtpfleet onto a larger disk.',
  );
}

/** @param {number} bytes */
function inGib(bytes) {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
