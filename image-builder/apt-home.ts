/**
 * A private home for apt: of this machine's packages, preferences, caches and settings nothing is used but how it reaches the
 * network, so every machine finds the same packages.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '../lib/errors.ts';
import { USUAL } from './architecture.ts';
import { runCommand, type Shop } from './command.ts';

/**
 * @param sources one-line sources (sources.list(5))
 * @param architecture as Debian names it
 */
export async function writeAptHome(
  shop: Shop,
  home: string,
  sources: readonly string[],
  architecture: string = USUAL,
): Promise<void> {
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
  writeFileSync(join(home, 'sources.list'), `${sources.join('\n')}\n`);
  const own = networkSettings(await runCommand(shop, ['apt-config', 'dump', 'Acquire']));
  writeFileSync(join(home, 'apt.conf'), `${[...own, ...settings(home, architecture)].join('\n')}\n`);
}

function settings(home: string, architecture: string): readonly string[] {
  return [
    // Read before all other files (apt.conf(5)), so these are not read: what they say of packages would change what is chosen,
    // and what desktops have apt do after each update takes longer than the update.
    'Dir::Etc::Parts "/dev/null";',
    'Dir::Etc::Main "/dev/null";',
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
    `APT::Architecture "${architecture}";`,
    `APT::Architectures "${architecture}";`,
  ];
}

/** Which indexes are fetched, and in which languages, is for the builder to say. */
const NOT_NETWORK = /^Acquire::(?:IndexTargets|Languages|Changelogs|CompressionTypes|GzipIndexes)\b/;

/**
 * Proxies, certificates, retries and the like, out of what `apt-config dump Acquire` prints. What cannot be written down again is
 * left out: apt-config prints a quote in a value as it is. Pure.
 */
export function networkSettings(dump: string): readonly string[] {
  return dump.split('\n').filter((line) => /^Acquire::\S+ "[^"]+";$/.test(line) && !NOT_NETWORK.test(line));
}
