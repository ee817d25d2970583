/** Two disks of the same inputs: the first file in which they differ, found without mounting either. */

import { runCommand, type Shop } from '../command.ts';
import { type DiskLayout, SECTOR } from '../layout.ts';
import { type Bench, runTool } from '../tools.ts';
import { firstDifference, type Listing, parseSums } from './listing.ts';

/** What lies at a byte of the disk. Pure. */
export function partOf(layout: DiskLayout, byte: number): 'table' | 'bios' | 'esp' | 'root' {
  const sector = Math.floor(byte / SECTOR);
  const parts = ['bios', 'esp', 'root'] as const;
  const isIn = (part: (typeof parts)[number]) =>
    sector >= layout[part].start && sector < layout[part].start + layout[part].sectors;
  return parts.find(isIn) ?? 'table';
}

/**
 * @param disks names of two raw disks in the bench's work folder
 * @returns which file or part, as the end of a sentence; undefined: they are the same, byte by byte
 */
export async function diskDifference(
  shop: Shop,
  bench: Bench,
  layout: DiskLayout,
  disks: readonly [string, string],
): Promise<string | undefined> {
  const said = await runTool(shop, bench, ['sh', '-c', 'cmp -- "$1" "$2" || test $? = 1', 'sh', ...disks]);
  const place = / byte (\d+)/.exec(said)?.[1];
  if (place === undefined) return undefined;
  const byte = Number(place) - 1;
  const part = partOf(layout, byte);
  switch (part) {
    case 'table':
      return `the partition table, byte ${byte} of the disk`;
    case 'bios':
      return `the BIOS boot partition, byte ${byte} of the disk`;
    case 'esp':
      return await espDifference(shop, bench, layout, disks);
    case 'root':
      return await rootDifference(shop, bench, { disk: disks[0], layout, byte });
    default:
      return part satisfies never;
  }
}

async function espDifference(
  shop: Shop,
  bench: Bench,
  layout: DiskLayout,
  disks: readonly string[],
): Promise<string> {
  const lists: Listing[] = [];
  for (const disk of disks) {
    const from = `${disk}@@${layout.esp.start * SECTOR}`;
    const copy = `mkdir "$1.esp" && mcopy -i "$2" -s -Q -m ::/ "$1.esp" && cd "$1.esp" && find . -type f -exec sha256sum {} +`;
    lists.push(parseSums(await runTool(shop, bench, ['sh', '-c', copy, 'sh', disk, from])));
  }
  const [first = new Map(), second = new Map()] = lists;
  const file = firstDifference(first, second);
  return `the EFI system partition: ${file ?? 'its files are the same; its tables differ'}`;
}

type Place = { readonly disk: string; readonly layout: DiskLayout; readonly byte: number };

async function rootDifference(shop: Shop, bench: Bench, { disk, layout, byte }: Place): Promise<string> {
  const start = layout.root.start * SECTOR;
  const ask = (request: string) =>
    runTool(shop, bench, ['debugfs', '-R', request, `${disk}?offset=${start}`]);
  const size = Number(/^Block size: +(\d+)/m.exec(await ask('show_super_stats -h'))?.[1]);
  const block = Math.floor((byte - start) / size);
  const inode = /^\d+\t(\d+)$/m.exec(await ask(`icheck ${block}`))?.[1];
  const path = inode === undefined ? undefined : /^\d+\t(\/.*)$/m.exec(await ask(`ncheck ${inode}`))?.[1];
  return `the root file system: ${path ?? `its own tables, block ${block}`}`;
}

/** Unpacks the archive of a disk as `<name>` in the bench's work folder. */
export async function unpackDisk(shop: Shop, bench: Bench, archive: string, name: string): Promise<void> {
  const words = ['--extract', '--sparse', '--gzip', '--file', archive, '--directory', bench.work];
  await runCommand(shop, ['tar', ...words, `--transform=s/^disk.raw$/${name}/`]);
}
