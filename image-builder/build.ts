/** `image:build`: from a fleet file to a golden image. Reads as its steps; each one says when it has nothing to do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fleet } from '../configs/fleet.ts';
import { refuseSeveral } from '../configs/instances.ts';
import { FleetError, isFleetError } from '../lib/errors.ts';
import {
  assembleDisk,
  DISK_FILES,
  readPackageFacts,
  renewManifest,
  type Trees,
  writeSbom,
} from './assemble.ts';
import { type Cache, entryPath, prune, sweep } from './cache.ts';
import type { Shop } from './command.ts';
import { findSupply } from './compile/supply.ts';
import { exactlyOf } from './guest/prefer.ts';
import { checkHost } from './host.ts';
import { imageTree, TREE_FILES } from './image-tree.ts';
import { findLock } from './lock/use.ts';
import type { Manifest } from './manifest.ts';
import { checkOptions } from './options.ts';
import { makeOutput, type Output, type OutputFormat } from './outputs/output.ts';
import { type ImagePlan, planImage } from './plan.ts';
import type { Progress } from './progress.ts';
import type { Publication, PublishOrder } from './publication.ts';
import { relayConfig } from './recipe.ts';
import { type Size, sizeOf } from './size.ts';
import { type Stopwatch, startWatch } from './stopwatch.ts';
import { toolsTree } from './tools.ts';

export type BuildOrder = {
  readonly fleet: Fleet;
  readonly fleetFile: string;
  /** Absent: the image stays in the cache. */
  readonly publish?: PublishOrder;
  /** A further form of the image, beside the archive for GCE. */
  readonly output?: OutputFormat;
};

export type BuildResult = {
  readonly image: string;
  readonly version: string;
  /** Absolute paths in the cache. */
  readonly archive: string;
  readonly manifestFile: string;
  /** CycloneDX JSON. */
  readonly sbomFile: string;
  readonly manifest: Manifest;
  /** `cached`: the archive was there before. */
  readonly archiveState: 'built' | 'cached';
  /** Absent: the disk was made before sizes were recorded. */
  readonly size?: Size;
  /** Absent: not asked for. */
  readonly output?: Output;
  /** Absent: not asked for. */
  readonly publication?: Publication;
};

/** Makes, examines and publishes the image that a fleet file describes; what is there already is not made again. */
export async function buildImage(
  shop: Shop,
  cache: Cache,
  order: BuildOrder,
  progress: Progress,
): Promise<BuildResult> {
  if (order.publish === undefined) return await buildArchive(shop, cache, order, progress);
  refuseSeveral(order.fleet, 'published as an image of a managed fleet');
  const { connectCloud, publishAlone } = await import('./publication.ts');
  const cloud = await connectCloud(shop, order.fleet, order.publish);
  try {
    const built = await buildArchive(shop, cache, order, progress);
    const publication = await publishAlone(shop, cloud, order.fleet, built, order.publish, progress);
    return { ...built, publication };
  } finally {
    await cloud.gce.close();
  }
}

async function buildArchive(
  shop: Shop,
  cache: Cache,
  order: BuildOrder,
  progress: Progress,
): Promise<BuildResult> {
  const plan = await preparePlan(shop, cache, order, progress);
  if (!plan.cached.disk) await makeDisk(shop, cache, order, plan, progress);
  const folder = entryPath(cache, 'disk', plan.keys.disk);
  const archive = join(folder, DISK_FILES.archive);
  const manifest = renewManifest(folder, plan);
  const size = sizeOf(readPackageFacts(folder));
  return {
    image: plan.image,
    version: plan.version,
    archive,
    manifestFile: join(folder, DISK_FILES.manifest),
    manifest,
    sbomFile: writeSbom(folder, manifest),
    archiveState: plan.cached.disk ? 'cached' : 'built',
    ...(size === undefined ? {} : { size }),
    ...(await furtherForm(shop, cache, order, plan, archive, progress)),
  };
}

async function furtherForm(
  shop: Shop,
  cache: Cache,
  { output: format }: BuildOrder,
  plan: ImagePlan,
  archive: string,
  progress: Progress,
): Promise<Pick<BuildResult, 'output'>> {
  if (format === undefined) return {};
  const output = await progress(`Make it as ${format}`, () => makeOutput(shop, cache, plan, archive, format));
  return { output };
}

/** Also used by `--plan`: checks the machine and works out what there is to do. */
export async function preparePlan(
  shop: Shop,
  cache: Cache,
  { fleet, fleetFile }: BuildOrder,
  progress: Progress,
): Promise<ImagePlan> {
  const { version, base } = fleet.image;
  const lock = findLock(fleetFile, fleet);
  const supply = await findSupply(shop, cache, fleet, progress, lock);
  const whom = lock === undefined ? "Debian's archive" : lock.file;
  return await progress(`Ask ${whom} for RTPEngine ${version} on ${base}`, async (line) => {
    await checkHost(shop, cache, fleet.image.architecture);
    await sweep(shop, cache);
    const plan = await planImage(shop, cache, fleet, supply, lock);
    const state = plan.cached.disk ? 'is made already' : 'is to be made';
    const packages = `${plan.tree.packages.length} packages, ${lock === undefined ? 'unlocked' : 'locked'}`;
    line.result(`${plan.version}, ${packages}; ${plan.image} ${state}`);
    return plan;
  });
}

async function makeDisk(
  shop: Shop,
  cache: Cache,
  order: BuildOrder,
  plan: ImagePlan,
  progress: Progress,
): Promise<void> {
  const watch = startWatch(() => performance.now());
  const trees = await progress('Make the tools tree and the system tree', async (line) => {
    if (plan.cached.tools && plan.cached.tree) line.result('cached');
    return await makeTrees(shop, cache, plan, watch.telling(line.at));
  });
  await progress('Check every option of rtpengine.conf', async (line) =>
    line.result(checkConfig(order, plan, trees)),
  );
  await progress('Make, pack and inspect the disk', async (line) => {
    await assembleDisk(shop, cache, plan, trees, watch.telling(line.at));
    for (const stage of ['tools', 'tree', 'disk'] as const)
      await prune(shop, cache, stage, [plan.keys[stage]]);
    if (plan.tree.module !== undefined) await prune(shop, cache, 'module', [plan.tree.module.key]);
  });
}

async function makeTrees(shop: Shop, cache: Cache, plan: ImagePlan, watch: Stopwatch): Promise<Trees> {
  const { tools, tree } = plan;
  const making = [
    timedUnless(plan.cached.tools, 'tools tree', () => toolsTree(shop, cache, tools)),
    timedUnless(plan.cached.tree, 'system tree', () =>
      imageTree(shop, cache, tree.release, tree.packages, exactlyOf(tree), tree.module),
    ),
  ];
  // When one fails, the other still ends by itself: its result is cached, or it leaves nothing.
  await Promise.allSettled(making);
  const [toolsFolder = '', treeFolder = ''] = await Promise.all(making).catch((error: unknown) => {
    throw treesFailed(error);
  });
  return { tools: toolsFolder, tree: treeFolder };

  function timedUnless(isDone: boolean, step: string, work: () => Promise<string>): Promise<string> {
    return isDone ? work() : watch.time(step, work);
  }
}

/** The words of mmdebstrap, without its command. */
function treesFailed(error: unknown): unknown {
  if (!isFleetError(error) || error.code !== 'command-failed') return error;
  const { kind, facts, hint = '', cause } = error;
  const [, ...said] = error.message.split('\n');
  return new FleetError({
    ...{ kind, facts, cause, code: 'tree-failed' },
    message: ['the system of the image, or that of its tools, cannot be installed:', ...said].join('\n'),
    hint: `Where packages cannot be fetched, look at the network and the archive, and run it again. ${hint}`,
  });
}

function checkConfig(order: BuildOrder, plan: ImagePlan, trees: Trees): string {
  const help = readFileSync(join(trees.tree, TREE_FILES.help), 'utf8');
  const fleet = { file: order.fleetFile, text: readFileSync(order.fleetFile, 'utf8') };
  const count = checkOptions(relayConfig(plan.files), help, plan.version, fleet);
  return `${count} options, all known to ${plan.version}`;
}
