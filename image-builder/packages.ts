/**
 * Asks the archive what it would install, before anything is built: names and versions of every package are inputs of
 * the tree, so its key must contain them.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '../lib/errors.ts';
import { ARCHITECTURE } from './bases.ts';
import type { Cache } from './cache.ts';
import { runCommand, type Shop } from './command.ts';
import { textDigest } from './digest.ts';
import type { DebianMirrors } from './sources.ts';

/** One package as the archive offers it. */
export type Package = { readonly name: string; readonly version: string };

/** A Debian release on this machine's mirrors. */
export type Release = {
  readonly codename: string;
  readonly mirrors: DebianMirrors;
  /** Folder with packages of our own and their index, and a digest of what they are. */
  readonly local?: { readonly folder: string; readonly digest: string };
};

/** How the line of a local folder begins; its packages were just made or given, nobody signed them. */
export const LOCAL_SOURCE = 'deb [trusted=yes] ';

/** One-line sources of a release, with point updates and security updates. */
export function sourceLines(release: Release): readonly string[] {
  const { main, security, signedBy } = release.mirrors;
  const options = signedBy === undefined ? '' : `[signed-by=${signedBy}] `;
  return [
    `deb ${options}${main} ${release.codename} main`,
    `deb ${options}${main} ${release.codename}-updates main`,
    `deb ${options}${security} ${release.codename}-security main`,
    ...(release.local === undefined ? [] : [`${LOCAL_SOURCE}copy:${release.local.folder} ./`]),
  ];
}

/** A release's index of packages, as fresh as the network allows. */
export type PackageIndex = {
  readonly release: Release;
  /** Essential packages, apt, `include` and all that they need, at the versions of today. Sorted by name. */
  readonly resolve: (include: readonly string[]) => Promise<readonly Package[]>;
};

/** Fetches the index when it changed; with the network away the last one seen is used. */
export async function openIndex(shop: Shop, cache: Cache, release: Release): Promise<PackageIndex> {
  // Packages of our own must not be seen by a build without them that runs at the same time.
  const home = join(cache.root, 'apt', `${release.codename}${release.local === undefined ? '' : '-local'}`);
  writeAptHome(home, release);
  const env = { APT_CONFIG: join(home, 'apt.conf') };
  await update(shop, home, env);
  const index = indexDigest(home);
  return {
    release,
    resolve: async (include) => {
      const wanted = ['?essential', 'apt', ...include];
      const question = [index, ...wanted, release.local?.digest ?? ''].join(' ');
      const memory = join(home, `resolved-${textDigest(question).slice(0, 16)}.txt`);
      if (!existsSync(memory)) {
        const ask = ['apt-get', 'install', '--print-uris', '-y', '-qq', ...wanted];
        writeFileSync(memory, await runCommand(shop, ask, { env }));
      }
      return parsePrintedUris(readFileSync(memory, 'utf8'));
    },
  };
}

/** `'http://…/libc6_2.41-12%2bdeb13u4_amd64.deb' libc6_2.41-12+deb13u4_amd64.deb 2846580 …` → name and version. */
export function parsePrintedUris(text: string): readonly Package[] {
  const packages = [...text.matchAll(/^'[^']+' ([^_\s]+)_([^_\s]+)_[^_\s]+\.deb /gm)].map(
    ([, name = '', version = '']) => ({ name, version: version.replaceAll('%3a', ':') }),
  );
  return packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function update(shop: Shop, home: string, env: Readonly<Record<string, string>>): Promise<void> {
  try {
    await runCommand(shop, ['apt-get', 'update', '-qq', '--error-on=any'], { env });
  } catch (error) {
    if (shop.signal.aborted || indexFiles(home).length < 3) throw error;
  }
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

/** A private home for apt: nothing of the host's packages, preferences or caches is read or written. */
function writeAptHome(home: string, release: Release): void {
  if (home.includes('"')) {
    throw new FleetError({
      kind: 'usage',
      code: 'cache-path',
      message: `apt cannot work in a folder with a double quote: ${home}`,
    });
  }
  mkdirSync(join(home, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(home, 'archives', 'partial'), { recursive: true });
  writeFileSync(join(home, 'status'), '');
  writeFileSync(join(home, 'sources.list'), `${sourceLines(release).join('\n')}\n`);
  const lines = [
    `Dir::State "${home}";`,
    `Dir::State::Lists "${home}/lists";`,
    `Dir::State::status "${home}/status";`,
    `Dir::Cache "${home}";`,
    `Dir::Etc::SourceList "${home}/sources.list";`,
    'Dir::Etc::SourceParts "/dev/null";',
    'Dir::Etc::PreferencesParts "/dev/null";',
    'Dir::Etc::Preferences "/dev/null";',
    'Acquire::Languages "none";',
    'APT::Sandbox::User "";',
    'APT::Install-Recommends "false";',
    `APT::Architecture "${ARCHITECTURE.debian}";`,
    `APT::Architectures "${ARCHITECTURE.debian}";`,
  ];
  writeFileSync(join(home, 'apt.conf'), `${lines.join('\n')}\n`);
}
