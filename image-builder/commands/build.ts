/** The commands `build` and `verify`: from words to an order, from a result to text. */
import type { Fleet } from '../../configs/fleet.ts';
import { parseVersion } from '../../lib/version.ts';
import { checkArmHost, checkArmRecipe } from '../arm64.ts';
import { type BuildOrder, type BuildResult, buildImage, preparePlan } from '../build.ts';
import type { Cache } from '../cache.ts';
import type { Shop } from '../command.ts';
import { pendingCompile } from '../compile/order.ts';
import { wordCompile } from '../compile/words.ts';
import { bucketOf } from '../life/record.ts';
import { findLock } from '../lock/use.ts';
import type { OutputFormat } from '../outputs/output.ts';
import { type Done, stepsOf } from '../plan-steps.ts';
import type { Progress } from '../progress.ts';
import type { PublishOrder } from '../publication.ts';
import { imageFiles } from '../recipe.ts';
import { listVersions } from '../versions/list.ts';
import { planAsJson, wordPlan, wordResult } from '../words.ts';
import { inShop, type ShopWords } from './shop.ts';

export type BuildWords = ShopWords & {
  readonly listVersions?: boolean;
  readonly plan?: boolean;
  readonly publish: boolean;
  readonly output?: OutputFormat;
  readonly endpoint?: string;
  readonly accept: 'call' | 'boot';
  readonly network: string;
  readonly pin?: boolean;
  readonly promote: boolean;
};

/** @returns the exit code; throws FleetError for everything that is not 0 */
export async function runBuild(words: BuildWords): Promise<number> {
  return await inShop(words, (shop, cache, fleet, progress) => outcome(shop, cache, fleet, words, progress));
}

/** Two clean builds, compared. The words are those of `build`; what they say about publishing does not count. */
export async function runVerify(words: BuildWords): Promise<number> {
  return await inShop(words, async (shop, cache, fleet, progress) => {
    checkArmRecipe(fleet);
    checkArmHost(fleet);
    const { verifyBuild } = await import('../verify.ts');
    const result = await verifyBuild(shop, cache, { fleet, fleetFile: words.fleet }, progress);
    return `${result.image}: both builds have sha256 ${result.manifest.archive.sha256}\n`;
  });
}

async function outcome(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  words: BuildWords,
  progress: Progress,
): Promise<string> {
  if (words.listVersions === true)
    return await listVersions(shop, words.source ?? 'git', words.json === true);
  checkArmRecipe(fleet, words.output);
  checkArmHost(fleet);
  if (words.plan === true) return await foresee(shop, cache, fleet, words, progress);
  const publish = publishOrder(words);
  const order: BuildOrder = {
    fleet,
    fleetFile: words.fleet,
    ...(publish === undefined ? {} : { publish }),
    ...(words.output === undefined ? {} : { output: words.output }),
  };
  const result: BuildResult = await buildImage(shop, cache, order, progress);
  return words.json === true ? `${JSON.stringify(result, null, 2)}\n` : wordResult(result);
}

/** What a build would do. Before a compile, the packages are not known, and the files only of a version that is. */
async function foresee(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  words: BuildWords,
  progress: Progress,
): Promise<string> {
  const publish = publishOrder(words);
  const steps = (done: Done) =>
    stepsOf(fleet, {
      done,
      bucket: bucketOf(fleet),
      ...(publish === undefined ? {} : { publish }),
      ...(words.output === undefined ? {} : { output: words.output }),
    });
  const compile = await pendingCompile(shop, cache, fleet, findLock(words.fleet, fleet));
  if (compile !== undefined) {
    const version = compile.code.tag ?? wholeVersion(fleet.image.version);
    const known =
      version === undefined ? {} : { version, files: imageFiles(fleet, version).map(({ path }) => path) };
    const all = steps({ compile: false, tools: false, tree: false, disk: false });
    return wordCompile(compile, { ...known, steps: all }, words.json === true);
  }
  const plan = await preparePlan(shop, cache, { fleet, fleetFile: words.fleet }, progress);
  const all = steps({ compile: true, ...plan.cached });
  return words.json === true ? `${JSON.stringify(planAsJson(plan, all), null, 2)}\n` : wordPlan(plan, all);
}

/** All four numbers: what comes of a compile is of this version, or refused. */
function wholeVersion(word: string): string | undefined {
  return parseVersion(word)?.length === 4 ? word : undefined;
}

/** The pin in the repository belongs to Google's project: an image in a lab must not change it by itself. */
function publishOrder(words: BuildWords): PublishOrder | undefined {
  if (!words.publish || words.output !== undefined) return undefined;
  const { endpoint, network, accept: depth, promote } = words;
  const pin = words.pin ?? (promote && endpoint === undefined);
  return { endpoint, network, depth, pin, promote };
}
