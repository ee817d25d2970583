/** Two clean builds, compared byte by byte: what a stage key promises is only worth something if it holds. */
import { join } from 'node:path';
import type { Fleet } from '../configs/fleet.ts';
import { FleetError } from '../lib/errors.ts';
import { type BuildResult, buildImage } from './build.ts';
import { type Cache, entryPath, remove } from './cache.ts';
import type { Shop } from './command.ts';
import { TREE_FILES } from './image-tree.ts';
import type { Progress } from './progress.ts';
import { runTool } from './tools.ts';

export type VerifyOrder = { readonly fleet: Fleet; readonly fleetFile: string };

/**
 * Builds twice from nothing, in two caches of their own, which are removed afterwards.
 * @returns the result that both builds have
 * @throws FleetError `stop`, code `not-reproducible`: the first file that differs
 */
export async function verifyBuild(
  shop: Shop,
  cache: Cache,
  order: VerifyOrder,
  progress: Progress,
): Promise<BuildResult> {
  const caches = ['a', 'b'].map((name) => ({ root: join(cache.root, 'verify', `${process.pid}`, name) }));
  try {
    const [first, second] = await inTurn(caches, (own) => buildImage(shop, own, order, progress));
    const [one, other] = caches;
    if (first === undefined || second === undefined || one === undefined || other === undefined) {
      throw new Error('two builds were asked for');
    }
    if (first.manifest.archive.sha256 === second.manifest.archive.sha256) return first;
    throw notReproducible(
      await progress('Find the first difference', () => difference(shop, [one, first], [other, second])),
    );
  } finally {
    const after = { log: shop.log, signal: new AbortController().signal };
    await remove(after, [join(cache.root, 'verify', `${process.pid}`)]);
  }
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

type Build = readonly [Cache, BuildResult];

async function difference(shop: Shop, first: Build, second: Build): Promise<string> {
  const [keys, others] = [first[1].manifest.keys, second[1].manifest.keys];
  if (keys.disk !== others.disk)
    return 'the inputs differ: the archive of packages changed between the two builds';
  const [a, b] = await inTurn([first, second], (build) => treeList(shop, build));
  return firstDifference(a ?? '', b ?? '') ?? 'the system trees are the same; what is made of them differs';
}

/** One line per file of the tree: path, type, mode, owner, time, checksum. */
async function treeList(shop: Shop, [cache, { manifest }]: Build): Promise<string> {
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
  return await runTool(shop, bench, [...words, `@${TREE_FILES.archive}`]);
}

/** The first line in which two lists differ, of both; undefined: they are the same. Pure. */
export function firstDifference(a: string, b: string): string | undefined {
  const [left, right] = [a.split('\n'), b.split('\n')];
  const place = left.findIndex((line, index) => line !== right[index]);
  if (place === -1)
    return right.length > left.length ? `only in the second: ${right[left.length]}` : undefined;
  return `first:  ${left[place]}\n    second: ${right[place] ?? '(nothing)'}`;
}

function notReproducible(detail: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'not-reproducible',
    message: `two builds from the same inputs are not the same:\n    ${detail}`,
  });
}
