/** Where an image's RTPEngine comes from: Debian's archive, or packages at hand, which are compiled first if need be. */
import { copyFileSync, existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Fleet } from '../../configs/fleet.ts';
import { FleetError } from '../../lib/errors.ts';
import { resolveVersion } from '../../lib/version.ts';
import { BASES, IMAGE_PACKAGES } from '../bases.ts';
import { type Cache, cached, entryPath, isCached, prune, remove, sweep, workFolder } from '../cache.ts';
import type { Shop } from '../command.ts';
import { digestOf } from '../digest.ts';
import { checkHost } from '../host.ts';
import type { Release } from '../packages.ts';
import type { Progress } from '../progress.ts';
import { type DebianMirrors, debianMirrors, hostCodename, readHostSources } from '../sources.ts';
import { parseSource } from '../versions/source.ts';
import { type CodeSource, findCode, type SourceCode } from './code.ts';
import { type CompileOrder, compileDebs, compileKey } from './compile.ts';
import { type DebSet, debsIn, indexDebs, readDebs } from './packages.ts';

/** For the record of an image. */
export type Origin = {
  readonly source: 'debian' | 'git' | 'path' | 'debs';
  readonly place?: string;
  readonly commit?: string;
};

export type Supply =
  | { readonly kind: 'debian'; readonly origin: Origin }
  | ({ readonly kind: 'debs'; readonly folder: string; readonly origin: Origin } & DebSet);

export const DEBIAN: Supply = { kind: 'debian', origin: { source: 'debian' } };

const DAEMON = 'rtpengine-daemon';

/** The packages that an image asks for, with this supply's daemon at just its version. Pure. */
export function imagePackages(supply: Supply): readonly string[] {
  if (supply.kind === 'debian') return IMAGE_PACKAGES;
  const daemon = `${supply.daemon}=${supply.debianVersion}`;
  return IMAGE_PACKAGES.map((name) => (name === DAEMON ? daemon : name));
}

/** The release that apt installs from. The digest names the packages by content, not by place. Pure. */
export function releaseOf(codename: string, mirrors: DebianMirrors, supply: Supply): Release {
  if (supply.kind === 'debian') return { codename, mirrors };
  return { codename, mirrors, local: { folder: supply.folder, digest: digestOf({ debs: supply.debs }) } };
}

/**
 * The packages that the fleet file's `image.source` leads to; compiles them when they are not in the cache.
 * @throws FleetError `usage`: no such source or version; `stop`, code `compile-failed`
 */
export async function findSupply(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  progress: Progress,
): Promise<Supply> {
  const source = parseSource(fleet.image.source);
  switch (source.kind) {
    case 'debian':
      return DEBIAN;
    case 'debs':
      return await givenDebs(shop, cache, resolve(source.folder), fleet.image.version);
    case 'git':
    case 'path':
      return await compiledDebs(shop, cache, await compileOrder(shop, cache, fleet, source), fleet, progress);
    default:
      return source satisfies never;
  }
}

/** The compile that has to come before anything else can be planned; undefined: none. */
export async function pendingCompile(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
): Promise<CompileOrder | undefined> {
  const source = parseSource(fleet.image.source);
  if (source.kind === 'debian' || source.kind === 'debs') return undefined;
  const order = await compileOrder(shop, cache, fleet, source);
  return isCached(cache, 'debs', compileKey(order)) ? undefined : order;
}

async function compileOrder(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  source: CodeSource,
): Promise<CompileOrder> {
  await checkHost(shop, cache);
  await sweep(shop, cache);
  const { version, base, buildProfiles: profiles, check } = fleet.image;
  const work = workFolder(cache, 'source');
  const code = await findCode(shop, source, version, work);
  await remove(shop, [work]);
  const mirrors = debianMirrors(readHostSources(), hostCodename());
  return { code, release: { codename: BASES[base].codename, mirrors }, profiles, check };
}

async function compiledDebs(
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
  return { kind: 'debs', folder, origin: originOf(code), ...set };
}

function originOf({ place, commit }: SourceCode): Origin {
  return commit === undefined ? { source: 'path', place } : { source: 'git', place, commit };
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
