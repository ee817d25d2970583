/** Two clean builds, compared byte by byte: what a stage key promises is only worth something if it holds. */
import { existsSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Fleet } from '../configs/fleet.ts';
import { FleetError } from '../lib/errors.ts';
import { type BuildResult, buildImage } from './build.ts';
import { type Cache, entryPath, remove, workFolder } from './cache.ts';
import type { Shop } from './command.ts';
import { findSupply } from './compile/supply.ts';
import { TREE_FILES } from './image-tree.ts';
import { diskLayout } from './layout.ts';
import { findLock } from './lock/use.ts';
import type { Progress } from './progress.ts';
import { openBench, runTool } from './tools.ts';
import { debsDifference } from './verify/debs.ts';
import { diskDifference, unpackDisk } from './verify/disk.ts';
import { firstDifference, type Listing, parseMtree } from './verify/listing.ts';

export type VerifyOrder = { readonly fleet: Fleet; readonly fleetFile: string };

/**
 * Compiles and builds twice from nothing, in two caches of their own, which are removed afterwards.
 * @returns the result that both builds have
 * @throws FleetError `stop`, code `not-reproducible`: the first file that differs; `retry`, code `inputs-changed`
 */
export async function verifyBuild(
  shop: Shop,
  cache: Cache,
  order: VerifyOrder,
  progress: Progress,
): Promise<BuildResult> {
  const root = workFolder(cache, 'verify');
  const one = { root: join(root, 'first') };
  // A longer path: what a build writes of its place would be found.
  const other = { root: join(root, 'second', 'place') };
  try {
    for (const own of [one, other]) lendPool(cache, own);
    await compareCompiles(shop, [one, other], order, progress);
    const [first, second] = await inTurn([one, other], (own) => buildImage(shop, own, order, progress));
    if (first === undefined || second === undefined) throw new Error('two builds were asked for');
    if (first.manifest.archive.sha256 === second.manifest.archive.sha256) return first;
    throw notReproducible(
      await progress('Find the first difference', () => difference(shop, [one, first], [other, second])),
    );
  } finally {
    const after = { log: shop.log, signal: new AbortController().signal };
    await remove(after, [root]);
  }
}

/** Copies of locked packages are inputs, not results: they are what a second build has to have as well. */
function lendPool(cache: Cache, own: Cache): void {
  const pool = join(cache.root, 'pool');
  if (!existsSync(pool)) return;
  mkdirSync(join(own.root, 'pool'), { recursive: true });
  for (const name of readdirSync(pool)) linkSync(join(pool, name), join(own.root, 'pool', name));
}

async function compareCompiles(
  shop: Shop,
  caches: readonly Cache[],
  { fleet, fleetFile }: VerifyOrder,
  progress: Progress,
): Promise<void> {
  const lock = findLock(fleetFile, fleet);
  const [first, second] = await inTurn(caches, (own) => findSupply(shop, own, fleet, progress, lock));
  if (first?.kind !== 'debs' || second?.kind !== 'debs') return;
  const work = join(caches[0]?.root ?? '', 'unpacked');
  const found = await debsDifference(shop, first, second, work);
  if (found !== undefined) throw notReproducible(found);
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

type Build = readonly [Cache, BuildResult];

async function difference(shop: Shop, first: Build, second: Build): Promise<string> {
  const [keys, others] = [first[1].manifest.keys, second[1].manifest.keys];
  if (keys.disk !== others.disk) throw inputsChanged();
  const [a, b] = await inTurn([first, second], (build) => treeList(shop, build));
  const file = firstDifference(a ?? new Map(), b ?? new Map());
  return file === undefined ? await differenceOfDisks(shop, first, second) : `the system tree: ${file}`;
}

/** The trees are the same: what was made of them is looked at. */
async function differenceOfDisks(shop: Shop, first: Build, second: Build): Promise<string> {
  const [cache, { manifest }] = first;
  const tree = entryPath(cache, 'tools', manifest.keys.tools);
  const bench = openBench(tree, workFolder(cache, 'compare'));
  await unpackDisk(shop, bench, first[1].archive, 'first.raw');
  await unpackDisk(shop, bench, second[1].archive, 'second.raw');
  const layout = diskLayout(manifest.diskGb, manifest.keys.disk);
  const found = await diskDifference(shop, bench, layout, ['first.raw', 'second.raw']);
  return found ?? 'the archive: the disks in it are the same; how they are packed differs';
}

/** Each file of the tree: type, mode, owner, time, checksum. */
async function treeList(shop: Shop, [cache, { manifest }]: Build): Promise<Listing> {
  const bench = {
    tree: entryPath(cache, 'tools', manifest.keys.tools),
    work: entryPath(cache, 'tree', manifest.keys.tree),
  };
  const words = [
    'bsdtar',
    '--create',
    '--file=-',
    '--format=mtree',
    '--options=mtree:!all,type,mode,uid,gid,size,time,link,sha256',
  ];
  return parseMtree(await runTool(shop, bench, [...words, `@${TREE_FILES.archive}`]));
}

function notReproducible(detail: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'not-reproducible',
    message: `two builds from the same inputs are not the same; the first that differs is in ${detail}`,
    hint: 'Look for a clock, a random number or the folder of the build in what makes it.',
  });
}

function inputsChanged(): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'inputs-changed',
    message: 'the two builds cannot be compared: the archive of packages changed between them',
    hint: 'Run it again, or lock the packages: pnpm image:lock.',
  });
}
