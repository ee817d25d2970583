/** The tools tree: a small Debian system of the builder's own, so that every machine builds with the same programs. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EPOCH, TOOLS_PACKAGES } from './bases.ts';
import { type Cache, cached } from './cache.ts';
import { type CommandOptions, runCommand, type Shop } from './command.ts';
import { digestOf } from './digest.ts';
import { asSoleRoot } from './namespace.ts';
import type { Package, Release } from './packages.ts';
import { makeTree } from './tree.ts';

/** Raise it when this file makes another tree out of the same packages. */
const RECIPE = 1;

/** A tools tree and the folder that its programs see as `/work`. */
export type Bench = { readonly tree: string; readonly work: string };

export function toolsKey(packages: readonly Package[]): string {
  return digestOf({ recipe: RECIPE, packages });
}

/** The tools tree as a folder that belongs to the caller; made when it is not cached. */
export async function toolsTree(
  shop: Shop,
  cache: Cache,
  release: Release,
  packages: readonly Package[],
): Promise<string> {
  return await cached(shop, cache, 'tools', toolsKey(packages), async (folder) => {
    const archive = join(folder, 'tools.tar');
    const order = { release, include: TOOLS_PACKAGES, early: [], late: [] };
    await makeTree(shop, order, archive, join(folder, 'tmp'));
    // Device nodes need root; the namespace gets the host's own /dev.
    const unpack = ['tar', '--extract', '--file', archive, '--no-same-owner', '--exclude=./dev/*'];
    await runCommand(shop, [...unpack, '--directory', folder]);
    rmSync(archive);
    rmSync(join(folder, 'tmp'), { recursive: true });
    mkdirSync(join(folder, 'work'), { recursive: true });
  });
}

const ENTER = [
  'mount --rbind /dev "$1/dev"',
  'mount --rbind /proc "$1/proc"',
  'mount --bind "$2" "$1/work"',
  'tree=$1; shift 2',
  'exec chroot "$tree" sh -c \'cd /work && exec "$@"\' sh "$@"',
].join(' && ');

/** Runs a program of the tools tree with `/work` as current folder. */
export async function runTool(
  shop: Shop,
  bench: Bench,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const command = asSoleRoot(['sh', '-c', ENTER, 'sh', bench.tree, bench.work, ...argv]);
  return await runCommand(shop, command, {
    ...options,
    env: { SOURCE_DATE_EPOCH: String(EPOCH), ...options.env },
  });
}
