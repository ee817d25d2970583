/** Trees of arm64: made by the same commands as those of amd64, in which mmdebstrap is told the other architecture. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURE, EPOCH } from '../bases.ts';
import { type Cache, cached } from '../cache.ts';
import { runCommand, type Shop } from '../command.ts';
import { imageTreeOrder, TREE_FILES, treeKey } from '../image-tree.ts';
import { installLines } from '../lock/pool.ts';
import { runWithAllIds } from '../namespace.ts';
import { toolsKey } from '../tools.ts';
import { mmdebstrapCommand, type TreeOrder } from '../tree.ts';
import type { PlannedTree } from '../trees.ts';
import { keyFor } from './key.ts';

/** The words of the command that makes a tree of arm64. Pure. */
export function armTreeCommand(
  order: TreeOrder,
  target: string,
  lines: readonly string[],
): readonly string[] {
  const word = (architecture: string) => `--architectures=${architecture}`;
  return mmdebstrapCommand(order, target, lines).map((item) =>
    item === word(ARCHITECTURE.debian) ? word('arm64') : item,
  );
}

/** Makes `target` (a tar archive); `temporary` holds the tree meanwhile. */
async function makeArmTree(
  shop: Shop,
  cache: Cache,
  order: TreeOrder,
  target: string,
  temporary: string,
): Promise<void> {
  mkdirSync(temporary);
  const lines = await installLines(shop, cache, order.release, join(temporary, 'packages'));
  await runWithAllIds(shop, armTreeCommand(order, target, lines), {
    env: { SOURCE_DATE_EPOCH: String(EPOCH), TMPDIR: temporary },
    shown: ['mmdebstrap', order.release.codename, 'arm64'],
  });
  rmSync(temporary, { recursive: true });
}

/** The tools tree as a folder that belongs to the caller; made when it is not cached. */
export async function armToolsTree(
  shop: Shop,
  cache: Cache,
  { release, include, packages }: PlannedTree,
): Promise<string> {
  return await cached(shop, cache, 'tools', keyFor('arm64', toolsKey(packages)), async (folder) => {
    const archive = join(folder, 'tools.tar');
    await makeArmTree(shop, cache, { release, include, early: [], late: [] }, archive, join(folder, 'tmp'));
    // Device nodes need root; the namespace gets the host's own /dev.
    const unpack = ['tar', '--extract', '--file', archive, '--no-same-owner', '--exclude=./dev/*'];
    await runCommand(shop, [...unpack, '--directory', folder]);
    rmSync(archive);
    mkdirSync(join(folder, 'work'), { recursive: true });
  });
}

/** Folder with the files of `TREE_FILES`; made when it is not cached. */
export async function armImageTree(
  shop: Shop,
  cache: Cache,
  { release, include, packages }: PlannedTree,
): Promise<string> {
  const key = keyFor('arm64', treeKey(release, packages, include));
  return await cached(shop, cache, 'tree', key, async (folder) => {
    const order = imageTreeOrder(release, include, folder);
    await makeArmTree(shop, cache, order, join(folder, TREE_FILES.archive), join(folder, 'tmp'));
  });
}
