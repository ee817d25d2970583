/** The pool: copies of locked .debs in the cache, by content. A mirror keeps only current versions, so a lock is worth
 * something only with them. Nothing of it is removed by the builder. */
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError, isFleetError } from '../../lib/errors.ts';
import { wordPackage } from '../apt-text.ts';
import { type Cache, remove, workFolder } from '../cache.ts';
import { runCommand, type Shop } from '../command.ts';
import { fileDigest } from '../file-digest.ts';
import { type ArchivePackage, LOCAL_SOURCE, openIndex, type Release, sourceLines } from '../packages.ts';

/** apt names each file that it did not get. */
const MOST_ERRORS = 3;

export function poolFile(cache: Cache, { sha256 }: Pick<ArchivePackage, 'sha256'>): string {
  return join(cache.root, 'pool', `${sha256}.deb`);
}

/** Those of which there is no copy. */
export function absentFrom(cache: Cache, packages: readonly ArchivePackage[]): readonly ArchivePackage[] {
  return packages.filter((item) => !existsSync(poolFile(cache, item)));
}

/**
 * Fetches what the pool does not have.
 * @throws FleetError `stop`, code `locked-package-gone`: the archive does not have it either; `locked-package-absent`: it cannot be
 * asked; `tampered-package`
 */
export async function fillPool(
  shop: Shop,
  cache: Cache,
  release: Release,
  packages: readonly ArchivePackage[],
): Promise<void> {
  const wanted = absentFrom(cache, packages);
  if (wanted.length === 0) return;
  const { codename, mirrors, architecture, further } = release;
  const open = {
    ...{ codename, mirrors },
    ...(architecture === undefined ? {} : { architecture }),
    ...(further === undefined ? {} : { further }),
  };
  const work = workFolder(cache, 'download');
  try {
    const index = await openIndex(shop, cache, open);
    const offered = await index.offered(wanted);
    const gone = wanted.filter((item) => !offered.includes(item));
    if (gone.length > 0) throw packagesGone(cache, codename, gone);
    await index.download(wanted, work);
  } catch (error) {
    throw isOfArchive(error) ? notFetched(cache, codename, wanted, error) : error;
  }
  mkdirSync(join(cache.root, 'pool'), { recursive: true });
  for (const item of wanted) await takeIn(cache, item, work);
  await remove(shop, [work]);
}

async function takeIn(cache: Cache, item: ArchivePackage, work: string): Promise<void> {
  // As apt-get download names them; of one name there may be two versions.
  const start = `${item.name}_${item.version.replaceAll(':', '%3a')}_`;
  const name = readdirSync(work).find((file) => file.startsWith(start)) ?? '';
  await checkDeb(item, join(work, name));
  renameSync(join(work, name), poolFile(cache, item));
}

/**
 * The words after which mmdebstrap installs: the archive, or, for a locked release, a folder with just its packages.
 * @param folder where the packages of a locked release are linked into, each checked once more
 */
export async function installLines(
  shop: Shop,
  cache: Cache,
  release: Release,
  folder: string,
): Promise<readonly string[]> {
  const { locked, ...open } = release;
  if (locked === undefined) return sourceLines(open);
  await fillPool(shop, cache, open, locked);
  mkdirSync(folder);
  for (const item of locked) {
    await checkDeb(item, poolFile(cache, item));
    linkSync(poolFile(cache, item), join(folder, `${item.sha256}.deb`));
  }
  await writeIndex(shop, locked, folder);
  const own = release.local === undefined ? [] : [`${LOCAL_SOURCE}copy:${release.local.folder} ./`];
  return [`${LOCAL_SOURCE}copy:${folder} ./`, ...own];
}

async function writeIndex(shop: Shop, packages: readonly ArchivePackage[], folder: string): Promise<void> {
  const files = packages.map(({ sha256 }) => `${sha256}.deb`);
  const loop = 'for deb; do echo "Filename: ./$deb"; dpkg-deb --field "$deb" || exit 1; echo; done';
  const words = ['sh', '-c', loop, 'sh', ...files];
  const text = await runCommand(shop, words, { cwd: folder, shown: ['dpkg-deb'] });
  const stanzas = text.trimEnd().split('\n\n');
  const whole = packages.map(
    ({ sha256, size }, at) => `${stanzas[at]?.trim()}\nSize: ${size}\nSHA256: ${sha256}\n`,
  );
  writeFileSync(join(folder, 'Packages'), whole.join('\n'));
}

/** @throws FleetError `stop`, code `tampered-package` */
export async function checkDeb(item: ArchivePackage, file: string): Promise<void> {
  const sha256 = await fileDigest(file);
  if (sha256 === item.sha256) return;
  throw new FleetError({
    kind: 'stop',
    code: 'tampered-package',
    message: `${item.name} ${item.version} is not the package that is locked: ${file} has sha256 ${sha256}, the lock says ${item.sha256}`,
    hint: 'Find out who changed it. Once it is removed, the archive is asked for it again.',
    facts: { package: item.name, file, sha256, locked: item.sha256 },
  });
}

function packagesGone(cache: Cache, codename: string, gone: readonly ArchivePackage[]): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'locked-package-gone',
    message: `${wordAll(gone)}: locked, but neither in ${join(cache.root, 'pool')} nor in the archive of ${codename} any more`,
    hint: 'Lock what the archive has now with `pnpm image:lock --update`, or copy that folder from a machine that has built with this lock.',
    facts: { packages: gone.map(wordPackage).join(' ') },
  });
}

const isOfArchive = (error: unknown): error is FleetError =>
  isFleetError(error) && ['archive-unreachable', 'command-failed'].includes(error.code);

function notFetched(
  cache: Cache,
  codename: string,
  wanted: readonly ArchivePackage[],
  cause: FleetError,
): FleetError {
  const lines = cause.message.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => line.startsWith('E:')).slice(0, MOST_ERRORS);
  return new FleetError({
    kind: 'stop',
    code: 'locked-package-absent',
    message: [
      `${wordAll(wanted)}: locked, not in ${join(cache.root, 'pool')}, and the archive of ${codename} does not give what is missing:`,
      ...errors,
    ].join('\n    '),
    hint: 'Look at the network and at /etc/apt, or copy that folder from a machine that has built with this lock.',
    facts: { packages: wanted.map(wordPackage).join(' ') },
    cause,
  });
}

/** `gcc 4:14.2.0-1 and 12 more`. */
function wordAll([first, ...rest]: readonly ArchivePackage[]): string {
  return `${first?.name} ${first?.version}${rest.length > 0 ? ` and ${rest.length} more` : ''}`;
}
