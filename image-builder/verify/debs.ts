/** Two compiles of the same source: the first file in which their packages differ. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, type Shop } from '../command.ts';
import type { DebSet } from '../compile/packages.ts';
import { firstDifference, type Listing, parseMtree, parseSums } from './listing.ts';

export type CompiledDebs = Pick<DebSet, 'debs'> & { readonly folder: string };

/**
 * @param work an empty folder for what is unpacked
 * @returns which file, as the end of a sentence; undefined: they are the same, byte by byte
 */
export async function debsDifference(
  shop: Shop,
  first: CompiledDebs,
  second: CompiledDebs,
  work: string,
): Promise<string | undefined> {
  const names = ({ debs }: CompiledDebs): Listing => new Map(debs.map(({ file }) => [file, {}]));
  const missing = firstDifference(names(first), names(second));
  if (missing !== undefined) return `the packages: ${missing}`;
  const other = first.debs.find(({ sha256 }, at) => sha256 !== second.debs[at]?.sha256);
  if (other === undefined) return undefined;
  const list = async (side: string, { folder }: CompiledDebs) => {
    const unpacked = join(work, side);
    mkdirSync(unpacked, { recursive: true });
    await runCommand(shop, ['dpkg-deb', '--raw-extract', join(folder, other.file), unpacked]);
    return await listFiles(shop, unpacked);
  };
  const file = firstDifference(await list('first', first), await list('second', second));
  return `${other.file}: ${file ?? 'its files are the same; how they are packed differs'}`;
}

/** The package's own data (DEBIAN/) comes last: its sums differ whenever a file does. */
async function listFiles(shop: Shop, folder: string): Promise<Listing> {
  const find = (...words: readonly string[]) => runCommand(shop, ['find', '.', ...words], { cwd: folder });
  const others = await find('!', '-type', 'f', '-printf', '%p type=%y mode=%m link=%l\\n');
  const files = await find('-type', 'f', '-printf', '%p type=f mode=%m size=%s time=%T@\\n');
  const sums = parseSums(await find('-type', 'f', '-exec', 'sha256sum', '{}', '+'));
  const facts = [...parseMtree(others + files)];
  return new Map(facts.map(([path, known]) => [lastIfOwn(path), { ...known, ...sums.get(path) }]));
}

/** Sorted behind every path that begins with a slash. */
function lastIfOwn(path: string): string {
  return path.replace(/^\/(?=DEBIAN(?:\/|$))/, '');
}
