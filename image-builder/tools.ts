/** The tools tree: a small Debian system of the builder's own, so that every machine builds with the same programs. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { USUAL } from './architecture.ts';
import { EPOCH } from './bases.ts';
import { type Cache, cached } from './cache.ts';
import { type CommandOptions, runCommand, type Shop } from './command.ts';
import { digestOf } from './digest.ts';
import { codeDigest } from './file-digest.ts';
import { asSoleRoot } from './namespace.ts';
import type { ArchivePackage, Release } from './packages.ts';
import { makeTree } from './tree.ts';

/** Code that decides what is in the tree: when it changes, so does the key. */
const CODE = ['tools.ts', 'tree.ts', 'bases.ts', 'architecture.ts'];

/** A tools tree and the folder that its programs see as `/work`. */
export type Bench = { readonly tree: string; readonly work: string };

export function toolsKey({ architecture = USUAL }: Release, packages: readonly ArchivePackage[]): string {
  return digestOf({ code: codeDigest(CODE), architecture, packages });
}

/** What is asked for, and all that comes of it. */
export type ToolsOrder = {
  readonly release: Release;
  readonly include: readonly string[];
  readonly packages: readonly ArchivePackage[];
};

/** The tools tree as a folder that belongs to the caller; made when it is not cached. */
export async function toolsTree(
  shop: Shop,
  cache: Cache,
  { release, packages, include }: ToolsOrder,
): Promise<string> {
  return await cached(shop, cache, 'tools', toolsKey(release, packages), async (folder) => {
    const archive = join(folder, 'tools.tar');
    const order = { release, include, early: [], late: [] };
    await makeTree(shop, cache, order, archive, join(folder, 'tmp'));
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

/** The words of a command inside the tools tree, with `/work` as current folder. Pure. */
export function toolCommand(bench: Bench, argv: readonly string[]): readonly string[] {
  return asSoleRoot(['sh', '-c', ENTER, 'sh', bench.tree, bench.work, ...argv]);
}

/** In a work folder: a script that opens a shell there, with the tools tree around it. */
export const ENTER_SCRIPT = 'enter.sh';

/** A fresh work folder as a bench. */
export function openBench(tree: string, work: string): Bench {
  const bench = { tree, work: '@WORK@' };
  const command = quoteAll(toolCommand(bench, ['bash'])).replace("'@WORK@'", '"$here"');
  writeFileSync(
    join(work, ENTER_SCRIPT),
    `#!/bin/sh\nhere=$(cd "$(dirname "$0")" && pwd)\nexec ${command}\n`,
  );
  return { tree, work };
}

function quoteAll(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

/** Runs a program of the tools tree with `/work` as current folder. */
export async function runTool(
  shop: Shop,
  bench: Bench,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return await runCommand(shop, toolCommand(bench, argv), {
    shown: argv,
    ...options,
    env: { SOURCE_DATE_EPOCH: String(EPOCH), ...options.env },
  });
}
