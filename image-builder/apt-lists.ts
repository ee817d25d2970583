/** Where apt keeps what it knows of an archive, and how lists that are there are not fetched again. */
import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cache, entryPath, prune } from './cache.ts';
import { runCommand, type Shop } from './command.ts';
import { textDigest } from './digest.ts';
import type { Release } from './packages.ts';

/** Further packages must not be seen by a build without them, or with others, that runs at the same time. */
export async function homeOf(shop: Shop, cache: Cache, release: Release): Promise<string> {
  const { codename, architecture, local, further } = release;
  const name = `${codename}${architecture === undefined ? '' : `-${architecture}`}${further === undefined ? '' : `-${textDigest(JSON.stringify(further)).slice(0, 8)}`}`;
  const key = local === undefined ? undefined : textDigest(`${name} ${local.digest}`);
  const home = key === undefined ? join(cache.root, 'apt', name) : entryPath(cache, 'index', key);
  mkdirSync(home, { recursive: true });
  const now = new Date();
  utimesSync(home, now, now);
  if (key !== undefined) await prune(shop, cache, 'index', [key]);
  return home;
}

/**
 * Adds our own packages to lists of the archive that are fresh; only they are read.
 * @param lists apt's folder of them, of another home
 * @param own one-line sources
 */
export async function addLocal(
  shop: Shop,
  home: string,
  lists: string,
  own: readonly string[],
): Promise<void> {
  for (const entry of readdirSync(lists, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'lock') continue;
    const draft = join(home, 'lists', 'partial', entry.name);
    rmSync(draft, { force: true });
    linkSync(join(lists, entry.name), draft);
    renameSync(draft, join(home, 'lists', entry.name));
  }
  const file = join(home, 'own.list');
  writeFileSync(file, `${own.join('\n')}\n`);
  const words = ['-o', `Dir::Etc::SourceList=${file}`, '-o', 'APT::Get::List-Cleanup=false'];
  const env = { APT_CONFIG: join(home, 'apt.conf') };
  await runCommand(shop, ['apt-get', 'update', '-qq', '--error-on=any', ...words], { env });
}
