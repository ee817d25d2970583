/** What every command of the builder begins and ends with: the fleet file with the words of the command line, a log,
 * Ctrl-C, and nothing left behind after a failure. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Fleet } from '../../configs/fleet.ts';
import { loadFleet } from '../../configs/load.ts';
import { EXIT, FleetError } from '../../lib/errors.ts';
import { isVersionWord } from '../../lib/version.ts';
import type { BaseName } from '../bases.ts';
import { type Cache, openCache } from '../cache.ts';
import type { Shop } from '../command.ts';
import { chooseSource, isSourceOpen } from '../compile/choose.ts';
import { salvage } from '../failure.ts';
import { type Progress, type Renderer, showProgress } from '../progress.ts';
import { whileThereIsRoom } from '../room.ts';
import { sourceFrom } from '../versions/source.ts';
import { interruptible } from './interrupt.ts';

/** Words that every command knows. */
export type ShopWords = {
  readonly version?: string;
  readonly fleet: string;
  readonly base?: BaseName;
  readonly source?: string;
  readonly check?: boolean;
  readonly json?: boolean;
  readonly keepOnFailure?: boolean;
};

const KEPT_LOGS = 10;

type Work = (shop: Shop, cache: Cache, fleet: Fleet, progress: Progress) => Promise<string>;

/** Prints what `work` returns; after a failure or Ctrl-C nothing is left but what was asked for. */
export async function inShop(words: ShopWords, work: Work): Promise<number> {
  const file = loadFleet(words.fleet);
  const asked = withWords(file, words);
  const cache = openCache(process.env);
  return await interruptible(async (signal) => {
    const shop: Shop = { log: newLog(cache, asked), signal };
    const progress = showProgress(rendererFor(words));
    try {
      const text = await whileThereIsRoom(cache.root, async () => {
        const isOpen = isSourceOpen(words, file, asked);
        const fleet = isOpen ? await chooseSource(shop, cache, asked, progress) : asked;
        return await work(shop, cache, fleet, progress);
      });
      process.stdout.write(text);
      return EXIT.done;
    } catch (error) {
      throw await salvage(cache, shop, error, words.keepOnFailure === true);
    }
  }, 'interrupted; nothing is left running');
}

/** The fleet file with what the command line says instead. pnpm and npm change the folder, and tell the caller's. */
function withWords(fleet: Fleet, words: ShopWords): Fleet {
  if (words.version !== undefined && !isVersionWord(words.version)) {
    throw new FleetError({
      kind: 'usage',
      code: 'version-form',
      message: `--version ${words.version}: that is no RTPEngine version`,
      hint: 'Write it as upstream tags it, for example --version mr12.5.1.31.',
    });
  }
  const { version = fleet.image.version, base = fleet.image.base } = words;
  const source =
    words.source === undefined
      ? sourceFrom(dirname(words.fleet), fleet.image.source)
      : sourceFrom(process.env.INIT_CWD ?? process.cwd(), words.source);
  const check = words.check ?? fleet.image.check;
  return { ...fleet, image: { ...fleet.image, version, base, source, check } };
}

function rendererFor({ json }: ShopWords): Renderer {
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
