/** What this machine must be able to do before anything is begun: one sentence for the first thing that it cannot. */
import { accessSync, constants, mkdirSync, statfsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { FleetError, isFleetError } from '../lib/errors.ts';
import type { ArchitectureName } from './architecture.ts';
import type { Cache } from './cache.ts';
import { runCommand, type Shop } from './command.ts';
import { asSoleRoot } from './namespace.ts';

/** Program → Debian package that has it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  'apt-get': 'apt',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  flock: 'util-linux',
  tar: 'tar',
};

/** Setuid programs by which somebody else than root gets the ids of a tree. */
const FOR_USERS: Readonly<Record<string, string>> = { newuidmap: 'uidmap', newgidmap: 'uidmap' };

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A first build of both bases takes about this much; a later one far less. */
const NEEDED_GIB = 5;
const GIB = 1024 ** 3;

/** @throws FleetError `usage`: not Linux, a program or namespaces missing, too little room */
export async function checkHost(
  shop: Shop,
  cache: Cache,
  architecture: ArchitectureName = 'amd64',
): Promise<void> {
  // Whether it runs programs of arm64 was asked before anything else (arm64.ts).
  if (process.platform !== 'linux' || (process.arch !== 'x64' && architecture === 'amd64')) {
    throw unfit('host', `images are built on Linux, x86-64; this is ${process.platform}, ${process.arch}`);
  }
  checkPrograms(userInfo().uid === 0 ? PROGRAMS : { ...PROGRAMS, ...FOR_USERS });
  checkRoom(cache.root);
  await checkNamespaces(shop);
}

/** @throws FleetError `usage`, code `missing-program`: naming the packages that have them */
export function checkPrograms(programs: Readonly<Record<string, string>>): void {
  const missing = Object.keys(programs).filter(
    (name) => !FOLDERS.some((folder) => isProgram(join(folder, name))),
  );
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => programs[name]))].join(' ');
  throw unfit(
    'missing-program',
    `not installed here: ${missing.join(', ')}`,
    `Run as root: apt-get install ${packages}`,
  );
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function checkRoom(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / GIB;
  if (free >= NEEDED_GIB) return;
  throw unfit(
    'disk-full',
    `${folder} has ${free.toFixed(1)} GiB of free space; a build needs up to ${NEEDED_GIB} GiB`,
    'Free some, or name another folder in RTPFLEET_CACHE.',
  );
}

async function checkNamespaces(shop: Shop): Promise<void> {
  try {
    await runCommand(shop, asSoleRoot(['true']));
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    throw unfit(
      'no-user-namespaces',
      'this machine gives no user namespaces, which the builder uses instead of root',
      'Allow them: sysctl kernel.unprivileged_userns_clone=1 and user.max_user_namespaces above 0; in a container, add CAP_SYS_ADMIN.',
    );
  }
}

function unfit(code: string, message: string, hint?: string): FleetError {
  return new FleetError({ kind: 'usage', code, message, ...(hint === undefined ? {} : { hint }) });
}
