/** Two compiles of the same source: the first file in which their packages differ. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, type Shop } from '../command.ts';
import type { DebSet } from '../compile/packages.ts';
import { firstDifference } from './lines.ts';

export type CompiledDebs = Pick<DebSet, 'debs'> & { readonly folder: string };

/**
 * @param work an empty folder for what is unpacked
 * @returns undefined: they are the same, byte by byte
 */
export async function debsDifference(
  shop: Shop,
  first: CompiledDebs,
  second: CompiledDebs,
  work: string,
): Promise<string | undefined> {
  const names = ({ debs }: CompiledDebs) => debs.map(({ file }) => file).join('\n');
  const missing = firstDifference(names(first), names(second));
  if (missing !== undefined) return `the compiles made other packages\n    ${missing}`;
  const other = first.debs.find(({ sha256 }, at) => sha256 !== second.debs[at]?.sha256);
  if (other === undefined) return undefined;
  const list = async (side: string, { folder }: CompiledDebs) => {
    const unpacked = join(work, side);
    mkdirSync(unpacked, { recursive: true });
    await runCommand(shop, ['dpkg-deb', '--raw-extract', join(folder, other.file), unpacked]);
    return await listFiles(shop, unpacked);
  };
  const lines = firstDifference(await list('first', first), await list('second', second));
  return `${other.file}\n    ${lines ?? 'its files are the same; how they are packed differs'}`;
}

/** One line per file: path, type, mode, time, target of a link, checksum. */
async function listFiles(shop: Shop, folder: string): Promise<string> {
  const each = [
    `find . ! -type f -printf '%p %y %m %l\\n'`,
    `find . -type f -printf '%p f %m %T@ ' -exec sha256sum {} ';'`,
  ].join('; ');
  return await runCommand(shop, ['sh', '-c', `{ ${each}; } | sort`], { cwd: folder });
}
