/** The command `build`: reads the fleet file, runs the build, prints the result; cleans up after a failure. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Fleet } from '../../configs/fleet.ts';
import { loadFleet } from '../../configs/load.ts';
import { EXIT, FleetError } from '../../lib/errors.ts';
import { isVersionWord } from '../../lib/version.ts';
import type { BaseName } from '../bases.ts';
import { type BuildOrder, type BuildResult, buildImage, preparePlan } from '../build.ts';
import { type Cache, openCache } from '../cache.ts';
import type { Shop } from '../command.ts';
import { pendingCompile } from '../compile/supply.ts';
import { wordCompile } from '../compile/words.ts';
import { salvage } from '../failure.ts';
import { type Progress, type Renderer, showProgress } from '../progress.ts';
import type { PublishOrder } from '../publication.ts';
import { listVersions } from '../versions/list.ts';
import { parseSource } from '../versions/source.ts';
import { planAsJson, wordPlan, wordResult } from '../words.ts';

export type BuildWords = {
  readonly version?: string;
  readonly fleet: string;
  readonly base?: BaseName;
  readonly source?: string;
  readonly check?: boolean;
  readonly listVersions?: boolean;
  readonly plan?: boolean;
  readonly json?: boolean;
  readonly keepOnFailure?: boolean;
  readonly publish: boolean;
  readonly endpoint?: string;
  readonly accept: 'call' | 'boot';
  readonly network: string;
  readonly pin?: boolean;
  readonly promote: boolean;
};

const KEPT_LOGS = 10;

/** @returns the exit code; throws FleetError for everything that is not 0 */
export async function runBuild(words: BuildWords): Promise<number> {
  return await inShop(words, (shop, cache, fleet, progress) => outcome(shop, cache, fleet, words, progress));
}

/** Two clean builds, compared. The words are those of `build`; what they say about publishing does not count. */
export async function runVerify(words: BuildWords): Promise<number> {
  return await inShop(words, async (shop, cache, fleet, progress) => {
    const { verifyBuild } = await import('../verify.ts');
    const result = await verifyBuild(shop, cache, { fleet, fleetFile: words.fleet }, progress);
    return `${result.image}: both builds have sha256 ${result.manifest.archive.sha256}\n`;
  });
}

type Work = (shop: Shop, cache: Cache, fleet: Fleet, progress: Progress) => Promise<string>;

/** Prints what `work` returns; after a failure or Ctrl-C nothing is left but what was asked for. */
async function inShop(words: BuildWords, work: Work): Promise<number> {
  const fleet = withWords(loadFleet(words.fleet), words);
  const cache = openCache(process.env);
  const interrupted = new AbortController();
  const stop = () =>
    interrupted.abort(
      new FleetError({
        kind: 'interrupted',
        code: 'interrupted',
        message: 'interrupted; nothing is left running',
      }),
    );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  const shop: Shop = { log: newLog(cache, fleet), signal: interrupted.signal };
  const progress = showProgress(rendererFor(words));
  try {
    process.stdout.write(await work(shop, cache, fleet, progress));
    return EXIT.done;
  } catch (error) {
    throw await salvage(cache, shop, error, words.keepOnFailure === true);
  }
}

async function outcome(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  words: BuildWords,
  progress: Progress,
): Promise<string> {
  if (words.listVersions === true) return await listVersions(shop, words.source ?? 'git');
  if (words.plan === true) {
    const compile = await pendingCompile(shop, cache, fleet);
    if (compile !== undefined) return wordCompile(compile, words.json === true);
    const plan = await preparePlan(shop, cache, fleet, progress);
    return words.json === true ? `${JSON.stringify(planAsJson(plan), null, 2)}\n` : wordPlan(plan);
  }
  const publish = publishOrder(words);
  const order: BuildOrder = { fleet, fleetFile: words.fleet, ...(publish === undefined ? {} : { publish }) };
  const result: BuildResult = await buildImage(shop, cache, order, progress);
  return words.json === true ? `${JSON.stringify(result, null, 2)}\n` : wordResult(result);
}

/** The fleet file with what the command line says instead. */
function withWords(fleet: Fleet, words: BuildWords): Fleet {
  if (words.version !== undefined && !isVersionWord(words.version)) {
    throw new FleetError({
      kind: 'usage',
      code: 'version-form',
      message: `--version ${words.version}: that is no RTPEngine version`,
      hint: 'Write it as upstream tags it, for example --version mr12.5.1.31.',
    });
  }
  const { version = fleet.image.version, base = fleet.image.base, source = fleet.image.source } = words;
  const check = words.check ?? fleet.image.check;
  parseSource(source);
  return { ...fleet, image: { ...fleet.image, version, base, source, check } };
}

/** The pin in the repository belongs to Google's project: an image in a lab must not change it by itself. */
function publishOrder(words: BuildWords): PublishOrder | undefined {
  if (!words.publish) return undefined;
  const { endpoint, network, accept: depth, promote } = words;
  const pin = words.pin ?? (promote && endpoint === undefined);
  return { endpoint, network, depth, pin, promote };
}

function rendererFor({ json }: BuildWords): Renderer {
  if (json === true) return 'silent';
  return process.stdout.isTTY ? 'default' : 'simple';
}

/** A new log file; the oldest ones go. */
function newLog(cache: Cache, fleet: Fleet): string {
  const folder = join(cache.root, 'logs');
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(folder).toSorted().slice(0, -KEPT_LOGS)) rmSync(join(folder, old));
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
  return join(folder, `${time}-${fleet.image.base}-${process.pid}.log`);
}
