/** The last stages made twice from the same trees in two folders: the same bytes, in the form that GCE takes. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
import type { DiskFacts } from '../../image-builder/manifest.ts';
import { planImage } from '../../image-builder/plan.ts';
import { startWatch } from '../../image-builder/stopwatch.ts';
import { type Bench, openBench, runTool, toolsTree } from '../../image-builder/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-twice-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shop = { log: join(folder, 'log'), signal: new AbortController().signal };
let make: (name: string) => Promise<{ readonly bench: Bench; readonly facts: DiskFacts }>;
let first: Awaited<ReturnType<typeof make>>;
let evidence: Evidence;

beforeAll(async () => {
  const cache = openCache(process.env);
  const fleet = loadFleet(join(import.meta.dirname, '../../configs/fleets/lab.yaml'));
  const plan = await planImage(shop, cache, fleet);
  const tools = await toolsTree(shop, cache, plan.tools.release, plan.tools.packages);
  const tree = await imageTree(shop, cache, plan.tree.release, plan.tree.packages);
  make = async (name) => {
    mkdirSync(join(folder, name));
    const bench = openBench(tools, join(folder, name));
    const watch = startWatch(performance.now.bind(performance));
    return { bench, facts: await makeDisk(shop, plan, tree, bench, watch) };
  };
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
