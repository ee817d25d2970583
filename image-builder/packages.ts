/**
 * Asks the archive what it would install, before anything is built: names and versions of every package are inputs of
 * the tree, so its key must contain them.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError, reasonOf } from '../lib/errors.ts';
import { writeAptHome } from './apt-home.ts';
import { addLocal, homeOf } from './apt-lists.ts';
import { parseMadison, parsePrintedUris, parseStanzas, wordPackage } from './apt-text.ts';
import type { ArchitectureName } from './architecture.ts';
import { COMPONENTS } from './bases.ts';
import type { Cache } from './cache.ts';
import { runCommand, type Shop } from './command.ts';
import { textDigest } from './digest.ts';
import { exactly, isPreferred, preferredVersions } from './guest/prefer.ts';
import { whileLocked } from './locked.ts';
import type { Mirrors } from './sources.ts';

export type Package = { readonly name: string; readonly version: string };

/** One package as the archive offers it: the same sha256 is the same file. `size` in bytes. */
export type ArchivePackage = Package & {
  readonly architecture: string;
  readonly sha256: string;
  readonly size: number;
};

/** A repository besides Debian's, and the one key that it has to be signed by. */
export type SignedSource = {
  readonly uri: string;
  readonly suite: string;
  /** Absolute path. */
  readonly keyFile: string;
  readonly fingerprint: string;
};

/** A release of Debian or Ubuntu on this machine's mirrors. */
export type Release = {
  readonly codename: string;
  readonly mirrors: Mirrors;
  /** Absent: amd64. */
  readonly architecture?: ArchitectureName;
  /** Folder with packages of our own and their index, and a digest of what they are. */
  readonly local?: { readonly folder: string; readonly digest: string };
  readonly further?: SignedSource;
  /** Only these packages, out of the pool of locked ones; absent: what the archive has today. */
  readonly locked?: readonly ArchivePackage[];
};

/** How the line of a local folder begins; its packages were just made or given, nobody signed them. */
export const LOCAL_SOURCE = 'deb [trusted=yes] ';

/** One-line sources of a release, with point updates and security updates. A keyring of this machine is no key for a tree. */
export function sourceLines(release: Release, key = release.mirrors.signedBy): readonly string[] {
  const { main, security, components = COMPONENTS.debian } = release.mirrors;
  const options = key === undefined ? '' : `[signed-by=${key}] `;
  const parts = components.join(' ');
  return [
    `deb ${options}${main} ${release.codename} ${parts}`,
    `deb ${options}${main} ${release.codename}-updates ${parts}`,
    `deb ${options}${security} ${release.codename}-security ${parts}`,
    ...(release.further === undefined ? [] : [signedLine(release.further)]),
    ...(release.local === undefined ? [] : [`${LOCAL_SOURCE}copy:${release.local.folder} ./`]),
  ];
}

function signedLine({ uri, suite, keyFile }: SignedSource): string {
  return `deb [signed-by=${keyFile}] ${uri} ${suite} main`;
}

/** Says which packages it takes: by what an archive has, or by what is locked. */
export type Resolver = {
  readonly release: Release;
  /** Essential packages, apt, `include` and all that they need. Sorted by name. */
  readonly resolve: (include: readonly string[]) => Promise<readonly ArchivePackage[]>;
  /** What is known of just these. */
  readonly describe: (packages: readonly Package[]) => Promise<readonly ArchivePackage[]>;
};

/** A release's index of packages, as fresh as the network allows. */
export type PackageIndex = Resolver & {
  /** Folder of apt's lists. */
  readonly lists: string;
  /** As `resolve`, for the build dependencies of the source in a folder, and `include`. */
  readonly resolveBuild: (
    source: string,
    include: readonly string[],
    profiles: readonly string[],
  ) => Promise<readonly ArchivePackage[]>;
  /** What `apt-cache madison` prints of these names: every version that the archive has, and where; unknown ones are left out. */
  readonly madison: (names: readonly string[]) => Promise<string>;
  /** Which of these the archive still has. */
  readonly offered: (packages: readonly Package[]) => Promise<readonly Package[]>;
  /** Puts their .debs into a folder, under apt's names for them. */
  readonly download: (packages: readonly Package[], folder: string) => Promise<void>;
};

/**
 * Fetches the index when it changed; with the network away the last one seen is used.
 * @param beside that of the same archive without our own packages, opened just now: it is not fetched again
 */
export async function openIndex(
  shop: Shop,
  cache: Cache,
  release: Release,
  beside?: PackageIndex,
): Promise<PackageIndex> {
  const home = await homeOf(shop, cache, release);
  const env = { APT_CONFIG: join(home, 'apt.conf') };
  // One at a time: apt refuses a second update of the same lists.
  await whileLocked(shop, join(home, 'update.lock'), async () => {
    const sources = sourceLines(release, release.mirrors.keyring);
    await writeAptHome(shop, home, sources, release.architecture);
    if (beside === undefined) return await update(shop, home, release, env);
    const known = sourceLines(beside.release, release.mirrors.keyring);
    const own = sources.filter((line) => !known.includes(line));
    await addLocal(shop, home, beside.lists, own);
  });
  const index = indexDigest(home);
  const wouldInstall = async (what: 'install' | 'build-dep', words: readonly string[]) =>
    parsePrintedUris(
      await runCommand(shop, ['apt-get', what, '--print-uris', '-y', '-qq', ...words], { env }),
    );
  const describe = async (packages: readonly Package[]) => {
    const words = ['apt-cache', 'show', '--no-all-versions', ...packages.map(wordPackage)];
    return parseStanzas(await runCommand(shop, words, { env, shown: words.slice(0, 3) }));
  };
  const madison = (names: readonly string[]) =>
    runCommand(shop, ['apt-cache', 'madison', ...names], { env, shown: ['apt-cache', 'madison'] });
  return {
    release,
    lists: join(home, 'lists'),
    describe,
    resolve: async (include) => {
      const preferred = await preferredOf(release, include, madison);
      const wanted = ['?essential', 'apt', ...exactly(release, include, preferred)];
      const question = [index, ...wanted, release.local?.digest ?? ''].join(' ');
      const memory = join(home, `resolved-${textDigest(question).slice(0, 16)}.json`);
      if (!existsSync(memory)) {
        const packages = await describe(await wouldInstall('install', wanted));
        writeWhole(memory, JSON.stringify(packages));
      }
      return JSON.parse(readFileSync(memory, 'utf8'));
    },
    resolveBuild: async (source, include, profiles) => {
      const tree = await wouldInstall('install', ['?essential', 'apt', ...include]);
      const profile = profiles.length === 0 ? [] : ['-P', profiles.join(',')];
      return await describe([...tree, ...(await wouldInstall('build-dep', [...profile, source]))]);
    },
    madison,
    offered: async (packages) => {
      const has = parseMadison(await madison(packages.map(({ name }) => name)));
      return packages.filter((item) => has.has(wordPackage(item)));
    },
    download: async (packages, folder) => {
      const words = ['apt-get', 'download', '-qq', ...packages.map(wordPackage)];
      await runCommand(shop, words, { env, cwd: folder, shown: words.slice(0, 3) });
    },
  };
}

/** Those of `include` that have to come from the release's further repository. */
async function preferredOf(
  { further }: Release,
  include: readonly string[],
  madison: PackageIndex['madison'],
): Promise<readonly Package[]> {
  const names = include.filter(isPreferred);
  if (further === undefined || names.length === 0) return [];
  return preferredVersions(await madison(names), further, names);
}

/** `name<tab>version` lines, as dpkg-query prints them. Pure. */
export function parsePackageList(text: string): readonly Package[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [name = '', version = ''] = line.split('\t');
    return { name, version };
  });
}

export function readPackageList(file: string): readonly Package[] {
  return parsePackageList(readFileSync(file, 'utf8'));
}

/** Whole or not at all, also when two builds write it. */
function writeWhole(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}

/** @throws FleetError `stop`, code `archive-unreachable`: an archive cannot be read, and never was */
async function update(
  shop: Shop,
  home: string,
  { codename, further }: Release,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const archives = further === undefined ? 3 : 4;
  try {
    await runCommand(shop, ['apt-get', 'update', '-qq', '--error-on=any'], { env });
  } catch (error) {
    if (shop.signal.aborted) throw error;
    if (indexFiles(home).length < archives) throw archiveUnreachable(codename, error);
  }
}

function archiveUnreachable(codename: string, cause: unknown): FleetError {
  const said = reasonOf(cause).split('\n').slice(1);
  const lines = [...new Set(said.map((line) => line.trim()))].filter((line) => line.startsWith('E:'));
  return new FleetError({
    kind: 'stop',
    code: 'archive-unreachable',
    message: [`the archive of ${codename} cannot be read:`, ...lines.slice(0, 3)].join('\n    '),
    hint: 'Look at the network and at /etc/apt. A build needs neither when its packages are locked and in the cache (image:lock).',
    facts: { codename },
    cause,
  });
}

function indexFiles(home: string): readonly string[] {
  return readdirSync(join(home, 'lists'))
    .filter((name) => name.endsWith('_InRelease'))
    .toSorted();
}

function indexDigest(home: string): string {
  return textDigest(
    indexFiles(home)
      .map((name) => readFileSync(join(home, 'lists', name), 'utf8'))
      .join('\n'),
  );
}
