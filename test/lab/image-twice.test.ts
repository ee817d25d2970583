/** The last stages made twice from the same trees in two folders: the same bytes. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadFleet } from '../../configs/load.ts';
import { makeDisk } from '../../image-builder/assemble.ts';
import { openCache } from '../../image-builder/cache.ts';
import { imageTree } from '../../image-builder/image-tree.ts';
import { planImage } from '../../image-builder/plan.ts';
import { startWatch } from '../../image-builder/stopwatch.ts';
import { openBench, toolsTree } from '../../image-builder/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-twice-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a disk made twice has the same sha256, raw and packed', async () => {
  const shop = { log: join(folder, 'log'), signal: new AbortController().signal };
  const cache = openCache(process.env);
  const plan = await planImage(
    shop,
    cache,
    loadFleet(join(import.meta.dirname, '../../configs/fleets/lab.yaml')),
  );
  const tools = await toolsTree(shop, cache, plan.tools.release, plan.tools.packages);
  const tree = await imageTree(shop, cache, plan.tree.release, plan.tree.packages);
  const make = async (name: string) => {
    const work = join(folder, name);
    mkdirSync(work);
    return await makeDisk(
      shop,
      plan,
      tree,
      openBench(tools, work),
      startWatch(performance.now.bind(performance)),
    );
  };
  const first = await make('first');
  const second = await make('a-folder-with-a-much-longer-name');
  expect(second.disk).toEqual(first.disk);
  expect(second.archive).toEqual(first.archive);
});
