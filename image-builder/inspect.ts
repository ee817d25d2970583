/** Looks at a finished disk and its archive without mounting or starting anything, before anybody else sees them. */
import { ARCHITECTURES } from './architecture.ts';
import { buildFailed, type Shop } from './command.ts';
import type { DiskOrder } from './disk.ts';
import { WORK } from './disk.ts';
import { gceProblems } from './gce/checklist.ts';
import { gatherEvidence } from './gce/evidence.ts';
import { guestOsFeatures } from './gce/features.ts';
import { hygieneProblems, parseListing } from './hygiene.ts';
import { type DiskLayout, partitionTypes, SECTOR } from './layout.ts';
import { type Bench, runTool } from './tools.ts';

/** @throws FleetError `stop`, code `inspection`: what is wrong, all of it */
export async function inspectDisk(shop: Shop, order: DiskOrder, base: string): Promise<void> {
  const { bench, layout } = order;
  const list = ['tar', '--list', '--verbose', '--numeric-owner', '--file', WORK.root];
  const listing = await runTool(shop, bench, list);
  const features = guestOsFeatures(base, ARCHITECTURES[layout.architecture].gce);
  const problems = [
    ...gceProblems(await gatherEvidence(shop, bench, listing, features, layout.architecture)),
    ...partitionProblems(await runTool(shop, bench, ['sfdisk', '--json', WORK.disk]), layout),
    ...(await espProblems(shop, order)),
    ...hygieneProblems(parseListing(listing)),
  ];
  if (problems.length > 0)
    throw buildFailed('inspection', `the disk must not be published:\n    ${problems.join('\n    ')}`);
  await checkFileSystem(shop, bench, layout);
}

/** Compares `sfdisk --json` with the layout. Pure. */
export function partitionProblems(json: string, layout: DiskLayout): readonly string[] {
  type Table = {
    readonly label?: string;
    readonly partitions?: readonly { readonly start: number; readonly size: number; readonly type: string }[];
  };
  const table = (JSON.parse(json) as { readonly partitiontable?: Table }).partitiontable;
  if (table?.label !== 'gpt') return [`partitions: the table is ${table?.label ?? 'missing'}, not gpt`];
  const types = partitionTypes(layout.architecture);
  const wanted = [
    { name: 'BIOS boot', ...layout.bios, type: types.bios },
    { name: 'EFI system', ...layout.esp, type: types.esp },
    { name: 'root', ...layout.root, type: types.root },
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
  const { firmwareLoader } = ARCHITECTURES[layout.architecture];
  const wanted = [`EFI/BOOT/${firmwareLoader}`, `EFI/Linux/${WORK.uki}`, 'loader/loader.conf'];
  return wanted
    .filter((path) => !listing.includes(path))
    .map((path) => `EFI system partition: ${path} is missing`);
}

/** `e2fsck -n` changes nothing and fails on the first thing that it would have to repair. */
async function checkFileSystem(shop: Shop, bench: Bench, layout: DiskLayout): Promise<void> {
  await runTool(shop, bench, ['e2fsck', '-f', '-n', `${WORK.disk}?offset=${layout.root.start * SECTOR}`]);
}
