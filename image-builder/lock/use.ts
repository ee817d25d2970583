/** A build with a lock: the trees are made of just the packages that it names, whatever the archive has today. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Fleet } from '../../configs/fleet.ts';
import { FleetError } from '../../lib/errors.ts';
import type { Cache } from '../cache.ts';
import { digestOf } from '../digest.ts';
import type { ArchivePackage, Package, Release, Resolver } from '../packages.ts';
import type { Supply } from '../supply.ts';
import type { Both, ImageTree, PlannedTree } from '../trees.ts';
import { poolOf } from './difference.ts';
import { type LockedTree, lockFileOf, readLock, type SystemLock, systemOf } from './lock-file.ts';
import { absentFrom } from './pool.ts';

export type UsedLock = { readonly file: string; readonly system: SystemLock };

export type LockState = {
  /** Digest of what is locked for this base. */
  readonly digest: string;
  readonly packages: number;
  /** Packages of which the cache has no copy yet. */
  readonly absent: number;
};

/**
 * The lock beside a fleet file, if it has one for this base.
 * @throws FleetError `usage`, code `stale-lock`: it is for another architecture
 */
export function findLock(fleetFile: string, fleet: Fleet): UsedLock | undefined {
  const file = lockFileOf(fleetFile);
  const system = systemOf(readLock(file), fleet.image.base);
  if (system === undefined) return undefined;
  const { architecture } = fleet.image;
  if (system.architecture !== architecture) throw staleLock(file, `+${architecture} -${system.architecture}`);
  return { file, system };
}

/** Of all these the cache has to have copies. */
export function treesOf({
  image,
  module,
  tools,
  build,
  qemu,
}: SystemLock): readonly (LockedTree | undefined)[] {
  return [image, module, tools, build, qemu];
}

export function lockState(cache: Cache, system: SystemLock): LockState {
  const packages = poolOf(treesOf(system));
  const digest = digestOf(JSON.parse(JSON.stringify(system)));
  return { digest, packages: packages.length, absent: absentFrom(cache, packages).length };
}

/** In the place of an archive: what the lock says, so that nothing else can get into a tree. */
export function lockedResolvers(
  { file, system }: UsedLock,
  { image, tools }: Both<Release>,
  supply: Supply,
): Both<Resolver> {
  const mixed = [system.image, system.module].filter((tree) => tree !== undefined);
  const whole = mixed.map(({ own, ...tree }) => ({
    tree,
    own: own.map((item) => ownPackage(item, supply, file)),
  }));
  return {
    image: lockedResolver(file, image, whole),
    tools: lockedResolver(file, tools, [{ tree: system.tools, own: [] }]),
  };
}

type WholeTree = { readonly tree: LockedTree; readonly own: readonly ArchivePackage[] };

/** A tree is found by what it was asked for; a part of that is enough, since a plan asks twice for some images. */
function lockedResolver(file: string, release: Release, trees: readonly WholeTree[]): Resolver {
  const all = trees.flatMap(({ tree, own }) => [...tree.packages, ...own]);
  return {
    release: { ...release, locked: poolOf(trees.map(({ tree }) => tree)) },
    resolve: async (include) => {
      const found = trees.find(({ tree }) => include.every((name) => tree.include.includes(name)));
      if (found === undefined) throw staleLock(file, differenceOf(trees[0]?.tree.include ?? [], include));
      return sorted([...found.tree.packages, ...found.own]);
    },
    describe: async (packages) =>
      packages.map(({ name, version }) => {
        const found = all.find((item) => item.name === name && item.version === version);
        if (found === undefined) throw staleLock(file, `+${name}=${version}`);
        return found;
      }),
  };
}

function sorted(packages: readonly ArchivePackage[]): readonly ArchivePackage[] {
  return packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws FleetError `usage`, code `stale-lock`: it was written for an image of other packages */
export function checkLock({ file, system }: UsedLock, tree: ImageTree, tools: PlannedTree): void {
  checkInclude(file, system.image.include, tree.include);
  checkInclude(file, system.tools.include, tools.include);
}

/** A release that only has what is locked, for a tree that was asked for `wanted`. */
export function lockedRelease(
  file: string,
  release: Release,
  { include, packages }: LockedTree,
  wanted: readonly string[],
): Release {
  checkInclude(file, include, wanted);
  return { ...release, locked: packages };
}

function checkInclude(file: string, locked: readonly string[], wanted: readonly string[]): void {
  const difference = differenceOf(locked, wanted);
  if (difference !== '') throw staleLock(file, difference);
}

function differenceOf(locked: readonly string[], wanted: readonly string[]): string {
  const more = wanted.filter((name) => !locked.includes(name)).map((name) => `+${name}`);
  const less = locked.filter((name) => !wanted.includes(name)).map((name) => `-${name}`);
  return [...more, ...less].join(' ');
}

function ownPackage({ name, version }: Package, supply: Supply, file: string): ArchivePackage {
  const start = `${name}_${version.replace(/^\d+:/, '')}_`;
  const deb = supply.kind === 'debs' ? supply.debs.find((item) => item.file.startsWith(start)) : undefined;
  if (supply.kind !== 'debs' || deb === undefined) throw staleLock(file, `-${name}=${version}`);
  const architecture = deb.file.slice(start.length, -'.deb'.length);
  const size = statSync(join(supply.folder, deb.file)).size;
  return { name, version, architecture, sha256: deb.sha256, size };
}

export function staleLock(file: string, difference: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'stale-lock',
    message: `${file} was written for an image of other packages: this one differs in ${difference}`,
    hint: 'Lock what this image needs with `pnpm image:lock --update`.',
    facts: { file, difference },
  });
}
