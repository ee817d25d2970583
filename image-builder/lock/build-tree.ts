/** Which packages a source is compiled with, found out before it is compiled: from the build dependencies it declares. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Cache, remove, workFolder } from '../cache.ts';
import { runCommand, type Shop } from '../command.ts';
import { SOURCE_TAR } from '../compile/code.ts';
import { type CompileOrder, TREE_PACKAGES } from '../compile/compile.ts';
import { openIndex } from '../packages.ts';
import type { LockedTree } from './lock-file.ts';

export async function buildTree(shop: Shop, cache: Cache, order: CompileOrder): Promise<LockedTree> {
  const work = workFolder(cache, 'build-tree');
  await order.code.write(work);
  const source = join(work, 'control');
  mkdirSync(source);
  const unpack = ['tar', '--extract', '--file', join(work, SOURCE_TAR), '--directory', source];
  await runCommand(shop, [...unpack, '--wildcards', '*debian/control']);
  const index = await openIndex(shop, cache, order.release);
  const packages = await index.resolveBuild(source, TREE_PACKAGES, order.profiles);
  await remove(shop, [work]);
  return { include: TREE_PACKAGES, packages };
}
