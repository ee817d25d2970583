/** A lock out of what the archive has today. Pure. */
import { USUAL } from '../architecture.ts';
import type { BaseName } from '../bases.ts';
import type { ArchivePackage } from '../packages.ts';
import type { Supply } from '../supply.ts';
import type { PlannedTrees } from '../trees.ts';
import type { LockedTree, MixedTree, SystemLock } from './lock-file.ts';

/** Trees that not every image has: the one that RTPEngine is compiled in, and the one that makes a qcow2. */
export type FurtherTrees = Pick<SystemLock, 'build' | 'qemu'>;

export function lockOf(
  base: BaseName,
  { tree, tools }: Pick<PlannedTrees, 'tree' | 'tools'>,
  supply: Supply,
  further: FurtherTrees = {},
): SystemLock {
  const given = new Set(supply.kind === 'debs' ? supply.debs.map(({ sha256 }) => sha256) : []);
  const isOwn = ({ sha256 }: ArchivePackage) => given.has(sha256);
  const mixed = ({ include, packages }: LockedTree): MixedTree => ({
    include,
    packages: packages.filter((item) => !isOwn(item)),
    own: packages.filter(isOwn).map(({ name, version }) => ({ name, version })),
  });
  return {
    base,
    architecture: tree.release.architecture ?? USUAL,
    image: mixed(tree),
    ...(tree.module === undefined ? {} : { module: mixed(tree.module) }),
    tools: { include: tools.include, packages: tools.packages },
    ...further,
  };
}
