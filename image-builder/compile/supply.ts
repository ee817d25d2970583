/** Where an image's RTPEngine comes from: Debian's archive, or packages at hand, which are compiled first if need be. */
import { copyFileSync, existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Fleet } from '../../configs/fleet.ts';
import { FleetError } from '../../lib/errors.ts';
import { resolveVersion } from '../../lib/version.ts';
import { type Cache, cached, entryPath, isCached, prune } from '../cache.ts';
import type { Shop } from '../command.ts';
import { digestOf } from '../digest.ts';
import type { UsedLock } from '../lock/use.ts';
import type { Progress } from '../progress.ts';
import { DEBIAN, type Origin, type Supply } from '../supply.ts';
import { parseSource } from '../versions/source.ts';
import type { SourceCode } from './code.ts';
import { type CompileOrder, compileDebs, compileKey } from './compile.ts';
import { compileOrder, withLock } from './order.ts';
import { type DebSet, debsIn, indexDebs, readDebs } from './packages.ts';
import { readCompileRecord } from './record.ts';

/**
 * The packages that the fleet file's `image.source` leads to; compiles them when they are not in the cache.
 * @throws FleetError `usage`: no such source or version; `stop`, code `compile-failed`
 */
export async function findSupply(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  progress: Progress,
  lock?: UsedLock,
): Promise<Supply> {
  const source = parseSource(fleet.image.source);
  switch (source.kind) {
    case 'debian':
      return DEBIAN;
    case 'debs':
      return await givenDebs(shop, cache, resolve(source.folder), fleet.image.version);
    case 'git':
    case 'path':
    case 'tarball': {
      const order = withLock(await compileOrder(shop, cache, fleet, source), lock);
      return await compiledDebs(shop, cache, order, fleet, progress);
    }
    default:
      return source satisfies never;
  }
}

/** The packages that come of a compile; it is done when they are not in the cache. */
export async function compiledDebs(
  shop: Shop,
  cache: Cache,
  order: CompileOrder,
  fleet: Fleet,
  progress: Progress,
): Promise<Supply> {
  const { code } = order;
  const key = compileKey(order);
  const isThere = isCached(cache, 'debs', key);
  const title = `Compile RTPEngine ${code.tag ?? ''}`.trim();
  const folder = await progress(title, async (line) => {
    if (isThere) line.result('cached');
    else line.at(`${code.place}: build dependencies, then dpkg-buildpackage; some minutes`);
    return await compileDebs(shop, cache, order);
  });
  const set = wantedVersion(readDebs(folder), code.tag ?? fleet.image.version, code.place);
  await prune(shop, cache, 'debs', [key]);
  const compile = readCompileRecord(folder);
  const origin = {
    ...originOf(code),
    ...(compile === undefined ? {} : { compile: { ...compile, key } }),
  };
  return { kind: 'debs', folder, origin, ...set };
}

/** Pure. */
export function originOf({ id, place, commit }: Pick<SourceCode, 'id' | 'place' | 'commit'>): Origin {
  if (commit !== undefined) return { source: 'git', place, commit };
  return { source: /^https?:/.test(place) ? 'tarball' : 'path', place, content: id };
}

/** A copy in the cache: the folder may change, and it may not be ours to write an index into. */
async function givenDebs(shop: Shop, cache: Cache, given: string, wanted: string): Promise<Supply> {
  if (!existsSync(given) || !statSync(given).isDirectory()) {
    throw new FleetError({
      kind: 'usage',
      code: 'source-place',
      message: `${given} is no folder of packages`,
      hint: 'Name the folder that holds the .deb files: --source debs:FOLDER.',
    });
  }
  const debs = await debsIn(given);
  const key = digestOf({ debs });
  const folder = entryPath(cache, 'debs', key);
  await cached(shop, cache, 'debs', key, async (draft) => {
    for (const { file } of debs) copyFileSync(join(given, file), join(draft, file));
    await indexDebs(shop, draft, given);
  });
  const set = wantedVersion(readDebs(folder), wanted, given);
  return { kind: 'debs', folder, origin: { source: 'debs', place: given }, ...set };
}

/** Never another version than was asked for. */
function wantedVersion(set: DebSet, wanted: string, place: string): DebSet {
  if (resolveVersion(wanted, [set.version]) !== undefined) return set;
  throw new FleetError({
    kind: 'usage',
    code: 'other-version',
    message: `${wanted}: ${place} has RTPEngine ${set.version}`,
    hint: `Ask for that one: --version ${set.version}.`,
    facts: { wanted, place, version: set.version },
  });
}
