/**
 * What finished stages left behind: `<cache>/<stage>/<key>/`. An entry appears by one rename, so it is whole or absent;
 * two builds that need the same entry make it once.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Shop } from './command.ts';
import { dropLeftLock, whileLocked } from './locked.ts';
import { runWithAllIds } from './namespace.ts';

/** Folders under the cache; one per kind of result. */
export type StageName = 'tools' | 'tree' | 'disk';

/** Compiled packages, apt's view of them, kernel modules and other forms of an image lie in the cache as well; not every image has
 * some. */
const KINDS = ['tools', 'tree', 'disk', 'debs', 'index', 'module', 'output'] as const;
type EntryKind = (typeof KINDS)[number];

export type Cache = { readonly root: string };

const LOCK = '.lock';
const isLock = (name: string): boolean => name.endsWith(LOCK);

/** So many entries of a stage are kept, the latest used ones: two images of two bases, before and after a change. */
const KEPT_ENTRIES = 4;

/** `RTPFLEET_CACHE/image` or `.cache/image` of the repository. */
export function openCache(environment: Readonly<Record<string, string | undefined>>): Cache {
  const folder = environment.RTPFLEET_CACHE ?? join(import.meta.dirname, '..', '.cache');
  return { root: join(resolve(folder), 'image') };
}

/** Where an entry is or would be. */
export function entryPath(cache: Cache, stage: EntryKind, key: string): string {
  return join(cache.root, stage, key);
}

/** Whether a stage with this key has been done before. */
export function isCached(cache: Cache, stage: EntryKind, key: string): boolean {
  return existsSync(entryPath(cache, stage, key));
}

/**
 * The entry of a stage, made by `fill` when it is absent.
 * @param fill writes into the empty folder that it is given
 * @returns the entry's folder
 */
export async function cached(
  shop: Shop,
  cache: Cache,
  stage: EntryKind,
  key: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const entry = entryPath(cache, stage, key);
  if (!existsSync(entry)) {
    mkdirSync(join(cache.root, stage), { recursive: true });
    await whileLocked(shop, `${entry}${LOCK}`, async () => {
      if (existsSync(entry)) return;
      const draft = workFolder(cache, stage);
      await fill(draft);
      renameSync(draft, entry);
    });
  }
  const now = new Date();
  utimesSync(entry, now, now);
  return entry;
}

/** A fresh folder of this process; what a killed one left is removed by `sweep`. */
export function workFolder(cache: Cache, purpose: string): string {
  for (let number = 1; ; number++) {
    const folder = join(cache.root, 'work', `${process.pid}.${startTime(process.pid)}.${purpose}.${number}`);
    if (existsSync(folder)) continue;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }
}

/** Work folders of this process that are still there. */
export function ownWorkFolders(cache: Cache): readonly string[] {
  const own = `${process.pid}.${startTime(process.pid)}.`;
  const folder = join(cache.root, 'work');
  return namesIn(folder)
    .filter((name) => name.startsWith(own))
    .map((name) => join(folder, name));
}

/** Removes the work folders and lock files of builds that no longer run. */
export async function sweep(shop: Shop, cache: Cache): Promise<void> {
  const dead = namesIn(join(cache.root, 'work')).filter((name) => {
    const [pid, started] = name.split('.');
    return startTime(Number(pid)) !== started;
  });
  await remove(
    shop,
    dead.map((name) => join(cache.root, 'work', name)),
  );
  const folders = KINDS.map((kind) => join(cache.root, kind));
  const locks = folders.flatMap((folder) =>
    namesIn(folder)
      .filter(isLock)
      .map((name) => join(folder, name)),
  );
  await Promise.all(locks.map((file) => dropLeftLock(shop, file)));
}

/** Removes all but the latest used entries of a stage, and never one of `inUse`. */
export async function prune(
  shop: Shop,
  cache: Cache,
  stage: EntryKind,
  inUse: readonly string[],
): Promise<void> {
  const folder = join(cache.root, stage);
  const entries = namesIn(folder).filter((name) => !isLock(name));
  const byUse = entries.toSorted(
    (a, b) => statSync(join(folder, b)).mtimeMs - statSync(join(folder, a)).mtimeMs,
  );
  const old = byUse.slice(KEPT_ENTRIES).filter((name) => !inUse.includes(name));
  await remove(
    shop,
    old.map((name) => join(folder, name)),
  );
}

/** Removes folders whatever ids their files belong to. */
export async function remove(shop: Shop, folders: readonly string[]): Promise<void> {
  if (folders.length > 0) await runWithAllIds(shop, ['rm', '-rf', '--', ...folders]);
}

/** Start of a process in clock ticks since boot: with the pid it names one process for good. Undefined: it is gone. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
