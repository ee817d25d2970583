/** The last stages made twice from the same trees in two folders: the same bytes, in the form that GCE takes. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadFleet } from '../../configs/load.ts';
import { makeDisk } from '../../image-builder/assemble.ts';
import { openCache } from '../../image-builder/cache.ts';
import { WORK } from '../../image-builder/disk.ts';
import { type Evidence, GCE_CHECKLIST } from '../../image-builder/gce/checklist.ts';
import { gatherEvidence } from '../../image-builder/gce/evidence.ts';
import { guestOsFeatures } from '../../image-builder/gce/features.ts';
import { imageTree } from '../../image-builder/image-tree.ts';
import { type DiskLayout, diskLayout, SECTOR } from '../../image-builder/layout.ts';
import type { DiskFacts } from '../../image-builder/manifest.ts';
import { planImage } from '../../image-builder/plan.ts';
import { startWatch } from '../../image-builder/stopwatch.ts';
import { type Bench, openBench, runTool, toolsTree } from '../../image-builder/tools.ts';
import { diskDifference } from '../../image-builder/verify/disk.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-twice-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shop = { log: join(folder, 'log'), signal: new AbortController().signal };
let make: (name: string) => Promise<{ readonly bench: Bench; readonly facts: DiskFacts }>;
let first: Awaited<ReturnType<typeof make>>;
let evidence: Evidence;
let layout: DiskLayout;

beforeAll(async () => {
  const cache = openCache(process.env);
  const fleet = loadFleet(join(import.meta.dirname, '../../configs/fleets/lab.yaml'));
  const plan = await planImage(shop, cache, fleet);
  const tools = await toolsTree(shop, cache, plan.tools);
  const tree = await imageTree(shop, cache, plan.tree.release, plan.tree.packages);
  make = async (name) => {
    mkdirSync(join(folder, name));
    const bench = openBench(tools, join(folder, name));
    const watch = startWatch(performance.now.bind(performance));
    return { bench, facts: await makeDisk(shop, plan, tree, bench, watch) };
  };
  layout = diskLayout(plan.sizeGb, plan.keys.disk);
  first = await make('first');
  const listing = await runTool(shop, first.bench, [...'tar --list --verbose --file'.split(' '), WORK.root]);
  evidence = await gatherEvidence(shop, first.bench, listing, guestOsFeatures(plan.base, 'X86_64'));
});

test('a disk made twice has the same sha256, raw and packed', async () => {
  const second = await make('a-folder-with-a-much-longer-name');
  expect(second.facts.disk).toEqual(first.facts.disk);
  expect(second.facts.archive).toEqual(first.facts.archive);
});

describe("GCE's conditions for an image", () => {
  test.each(GCE_CHECKLIST)('$says', ({ problems }) => {
    expect(problems(evidence)).toEqual([]);
  });
});

test('of two disks that are not the same, the first file that differs is named', async () => {
  const bench = { tree: first.bench.tree, work: folder };
  const disks = ['first/disk.raw', 'a-folder-with-a-much-longer-name/disk.raw'] as const;
  expect(await diskDifference(shop, bench, layout, disks)).toBeUndefined();
  const root = layout.root.start * SECTOR;
  const ask = ['debugfs', '-R', 'blocks /usr/bin/rtpengine', `${disks[1]}?offset=${root}`];
  const [block] = (await runTool(shop, bench, ask)).trim().split(' ').map(Number);
  await changeByte(join(folder, disks[1]), root + Number(block) * 4096 + 100);
  expect(await diskDifference(shop, bench, layout, disks)).toBe('the root file system: /usr/bin/rtpengine');
  await changeByte(join(folder, disks[1]), layout.esp.start * SECTOR + 90 * 1024 * 1024);
  expect(await diskDifference(shop, bench, layout, disks)).toMatch(/^the EFI system partition: /);
});

async function changeByte(file: string, place: number): Promise<void> {
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, place);
  await handle.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, place);
  await handle.close();
}
