/** From a fleet file to what has to be compiled, and in which tree. */
import type { Fleet } from '../../configs/fleet.ts';
import { BASES, type BaseName } from '../bases.ts';
import { type Cache, isCached, remove, sweep, workFolder } from '../cache.ts';
import type { Shop } from '../command.ts';
import { checkHost } from '../host.ts';
import { lockedRelease, staleLock, type UsedLock } from '../lock/use.ts';
import { findMirrors } from '../mirrors.ts';
import { parseSource } from '../versions/source.ts';
import { type CodeSource, findCode } from './code.ts';
import { type CompileOrder, compileKey, TREE_PACKAGES } from './compile.ts';

/** Build profiles without which upstream's packaging asks for what a base does not have. */
const PROFILES: Partial<Readonly<Record<BaseName, readonly string[]>>> = {
  // liburing 2.1, and mr12.4 and later want 2.3 (debian/control@mr12.4.1.5), or none.
  'ubuntu-22.04': ['pkg.ngcp-rtpengine.nouring'],
};

/** Those of the base, and those of the fleet file. Pure. */
export function profilesOf({ base, buildProfiles }: Fleet['image']): readonly string[] {
  return [...new Set([...(PROFILES[base] ?? []), ...buildProfiles])];
}

/** The compile that has to come before anything else can be planned; undefined: none. */
export async function pendingCompile(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  lock: UsedLock | undefined,
): Promise<CompileOrder | undefined> {
  const open = await findOrder(shop, cache, fleet);
  const order = open === undefined ? undefined : withLock(open, lock);
  return order === undefined || isCached(cache, 'debs', compileKey(order)) ? undefined : order;
}

/** What the fleet file's source has to be compiled as, unlocked; undefined: it is no source code. */
export async function findOrder(shop: Shop, cache: Cache, fleet: Fleet): Promise<CompileOrder | undefined> {
  const source = parseSource(fleet.image.source);
  if (source.kind === 'debian' || source.kind === 'debs') return undefined;
  return await compileOrder(shop, cache, fleet, source);
}

export async function compileOrder(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  source: CodeSource,
): Promise<CompileOrder> {
  await checkHost(shop, cache);
  await sweep(shop, cache);
  const { version, base, buildFlags: flags, check } = fleet.image;
  const work = workFolder(cache, 'source');
  const code = await findCode(shop, source, version, work);
  await remove(shop, [work]);
  const { image: mirrors } = await findMirrors(shop, cache, fleet.image.base);
  return {
    code,
    release: { codename: BASES[base].codename, mirrors },
    profiles: profilesOf(fleet.image),
    flags,
    check,
  };
}

/**
 * The same compile in a tree of just the locked packages.
 * @throws FleetError `usage`, code `stale-lock`: the lock knows of no compile
 */
export function withLock(order: CompileOrder, lock: UsedLock | undefined): CompileOrder {
  if (lock === undefined) return order;
  if (lock.system.build === undefined) throw staleLock(lock.file, '+ the tree for compiling');
  const release = lockedRelease(lock.file, order.release, lock.system.build, TREE_PACKAGES);
  return { ...order, release };
}
