/** What a host must have before a lab starts on it: all is looked at first, nothing is made. Each lack is one sentence, exit code 2. */
import { access, constants, mkdir, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { FleetError } from '../lib/errors.ts';
import { attempt } from './host/run.ts';
import { PROGRAMS } from './programs.ts';

/** Room that a lab needs at the least: two images unpacked and some machines. */
const LEAST_FREE_BYTES = 4 * 1024 ** 3;

/** Something that the user has to mend first. */
export function lack(code: string, message: string, hint: string): FleetError {
  return new FleetError({ kind: 'usage', code, message, hint });
}

/** Rejects with the first thing that this host lacks. `folder` need not exist. */
export async function checkHost(folder: string): Promise<void> {
  checkSystem();
  checkPath(folder);
  await checkPrograms();
  await checkFolder(folder);
  await mkdir(dirname(folder), { recursive: true });
  await checkSpace(dirname(folder));
  await checkKernel(dirname(folder));
}

function checkSystem(): void {
  if (process.platform !== 'linux')
    throw lack(
      'not-linux',
      `The lab needs Linux; this is ${process.platform}.`,
      'Run it in a Linux virtual machine.',
    );
  if (process.getuid?.() !== 0)
    throw lack(
      'not-root',
      'The lab needs root: it boots machines and makes a network.',
      'Run it again with sudo.',
    );
}

/** Overlayfs takes its folders in one option string. */
function checkPath(folder: string): void {
  if (/[,:\\"'\s]/.test(folder))
    throw lack(
      'lab-path',
      `The lab cannot live in "${folder}": its path has a space, comma, colon, quote or backslash.`,
      'Name another folder in RTPFLEET_LAB.',
    );
}

async function checkPrograms(): Promise<void> {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const there = (name: string): Promise<boolean> =>
    Promise.any(places.map((place) => access(join(place, name), constants.X_OK))).then(
      () => true,
      () => false,
    );
  const found = await Promise.all(
    Object.keys(PROGRAMS).map(async (name) => ({ name, there: await there(name) })),
  );
  const missing = found.filter((program) => !program.there).map(({ name }) => name);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => PROGRAMS[name]))].join(' ');
  throw lack(
    'missing-program',
    `The lab needs ${missing.join(', ')}, which is not installed.`,
    `On Debian: apt-get install --no-install-recommends ${packages}`,
  );
}

/** The mark that a folder belongs to a lab: only such a folder is ever removed. */
export const MARK = 'rtpfleet-lab';

async function checkFolder(folder: string): Promise<void> {
  const entries: readonly string[] = await readdir(folder).catch(() => []);
  if (entries.length === 0 || entries.includes(MARK)) return;
  throw lack(
    'not-a-lab-folder',
    `${folder} is not empty and is not a lab's.`,
    'Name another folder in RTPFLEET_LAB.',
  );
}

async function checkSpace(place: string): Promise<void> {
  const { bavail, bsize } = await statfs(place);
  if (bavail * bsize >= LEAST_FREE_BYTES) return;
  throw lack(
    'disk-nearly-full',
    `${place} has ${((bavail * bsize) / 1024 ** 3).toFixed(1)} GiB free; a lab needs 4.`,
    'Free some space, or put the lab elsewhere with RTPFLEET_LAB.',
  );
}

async function checkKernel(place: string): Promise<void> {
  if ((await attempt('losetup', ['--find'])) === undefined)
    throw lack(
      'no-loop-device',
      'This host has no loop device, so that a disk image cannot be mounted.',
      'Load it with `modprobe loop`; in a container, give it /dev/loop-control.',
    );
  const probe = await mkdtemp(join(place, '.rtpfleet-probe-'));
  const [lower, upper, work, merged] = ['l', 'u', 'w', 'm'].map((name) => join(probe, name));
  for (const folder of [lower, upper, work, merged]) if (folder) await mkdir(folder, { recursive: true });
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work},volatile`;
  const mount = ['mount', '-t', 'overlay', 'overlay', '-o', options, merged ?? ''];
  const worked = await attempt('unshare', ['--mount', '--propagation', 'private', '--', ...mount]);
  await rm(probe, { recursive: true, force: true });
  if (worked === undefined)
    throw lack(
      'no-overlayfs',
      `overlayfs cannot be mounted on ${place}.`,
      'It needs Linux 5.10 or newer and a local file system such as ext4 or xfs: name another folder in RTPFLEET_LAB.',
    );
}
