/** Looks at a finished disk and its archive without mounting or starting anything, before anybody else sees them. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { buildFailed, type Shop } from './command.ts';
import type { DiskOrder } from './disk.ts';
import { WORK } from './disk.ts';
import { hygieneProblems, parseListing } from './hygiene.ts';
import { type DiskLayout, PARTITION_TYPE, SECTOR } from './layout.ts';
import { type Bench, runTool } from './tools.ts';

const GIB = 1024 ** 3;
const TAR_BLOCK = 512;

/** @throws FleetError `stop`, code `inspection`: what is wrong, all of it */
export async function inspectDisk(shop: Shop, order: DiskOrder): Promise<void> {
  const { bench, layout } = order;
  const problems = [
    ...archiveProblems(await firstBytes(join(bench.work, WORK.archive), TAR_BLOCK)),
    ...partitionProblems(await runTool(shop, bench, ['sfdisk', '--json', WORK.disk]), layout),
    ...(await espProblems(shop, order)),
    ...hygieneProblems(
      parseListing(
        await runTool(shop, bench, ['tar', '--list', '--verbose', '--numeric-owner', '--file', WORK.root]),
      ),
    ),
  ];
  if (problems.length > 0)
    throw buildFailed('inspection', `the disk must not be published:\n    ${problems.join('\n    ')}`);
  await checkFileSystem(shop, bench, layout);
}

/**
 * The form that GCE imports: one member `disk.raw`, oldgnu, sparse, whole GiB (GCE: "Import disk images"). Pure.
 * @param header the first block of the unpacked archive
 */
export function archiveProblems(header: Buffer): readonly string[] {
  const name = header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
  const realSize = Number.parseInt(header.toString('latin1', 483, 495), 8);
  const problems: string[] = [];
  if (name !== 'disk.raw') problems.push(`its first member is ${JSON.stringify(name)}, not disk.raw`);
  if (header.toString('latin1', 257, 265) !== 'ustar  \0') problems.push('it is not in oldgnu form');
  if (header.toString('latin1', 156, 157) !== 'S') problems.push('disk.raw is not sparse');
  if (!(realSize > 0) || realSize % GIB !== 0)
    problems.push(`disk.raw has ${realSize} bytes, which is no whole GiB`);
  return problems.map((problem) => `archive: ${problem}`);
}

/** Compares `sfdisk --json` with the layout. Pure. */
export function partitionProblems(json: string, layout: DiskLayout): readonly string[] {
  type Table = {
    readonly label?: string;
    readonly partitions?: readonly { readonly start: number; readonly size: number; readonly type: string }[];
  };
  const table = (JSON.parse(json) as { readonly partitiontable?: Table }).partitiontable;
  if (table?.label !== 'gpt') return [`partitions: the table is ${table?.label ?? 'missing'}, not gpt`];
  const wanted = [
    { name: 'BIOS boot', ...layout.bios, type: PARTITION_TYPE.bios },
    { name: 'EFI system', ...layout.esp, type: PARTITION_TYPE.esp },
    { name: 'root', ...layout.root, type: PARTITION_TYPE.root },
  ];
  return wanted.flatMap(({ name, start, sectors, type }) => {
    const fits = table.partitions?.some(
      (part) => part.start === start && part.size === sectors && part.type === type,
    );
    return fits === true ? [] : [`partitions: ${name} is not where it should be`];
  });
}

async function espProblems(shop: Shop, { bench, layout }: DiskOrder): Promise<readonly string[]> {
  const listing = await runTool(shop, bench, [
    'mdir',
    '-i',
    `${WORK.disk}@@${layout.esp.start * SECTOR}`,
    '-b',
    '-/',
    '::/',
  ]);
  const wanted = ['EFI/BOOT/BOOTX64.EFI', `EFI/Linux/${WORK.uki}`, 'loader/loader.conf'];
  return wanted
    .filter((path) => !listing.includes(path))
    .map((path) => `EFI system partition: ${path} is missing`);
}

/** `e2fsck -n` changes nothing and fails on the first thing that it would have to repair. */
async function checkFileSystem(shop: Shop, bench: Bench, layout: DiskLayout): Promise<void> {
  await runTool(shop, bench, ['e2fsck', '-f', '-n', `${WORK.disk}?offset=${layout.root.start * SECTOR}`]);
}

async function firstBytes(gzip: string, count: number): Promise<Buffer> {
  const source = createReadStream(gzip);
  const parts: Buffer[] = [];
  try {
    for await (const part of source.pipe(createGunzip())) {
      parts.push(part as Buffer);
      if (Buffer.concat(parts).length >= count) break;
    }
  } finally {
    source.destroy();
  }
  return Buffer.concat(parts).subarray(0, count);
}
