/** The commands `diff` and `outdated`: two images, or an image and today. */
import type { Fleet } from '../../configs/fleet.ts';
import { loadFleet } from '../../configs/load.ts';
import { readRelease } from '../../configs/release.ts';
import { EXIT } from '../../lib/errors.ts';
import { type Cache, openCache } from '../cache.ts';
import type { Shop } from '../command.ts';
import { diffManifests, wordDiff } from '../life/diff.ts';
import { findManifest, type Places } from '../life/find.ts';
import { compareWithToday, type Outdated, wordOutdated } from '../life/outdated.ts';
import { readToday } from '../life/today.ts';
import type { Progress } from '../progress.ts';
import type { Cloud } from '../publish.ts';
import { interruptible } from './interrupt.ts';
import { inShop, type ShopWords } from './shop.ts';

export type DiffWords = { readonly fleet: string; readonly endpoint?: string; readonly json?: boolean };

/** pnpm and npm change the folder, and tell the caller's. */
const callersFolder = (): string => process.env.INIT_CWD ?? process.cwd();

export async function diffImages(before: string, after: string, words: DiffWords): Promise<number> {
  const fleet = loadFleet(words.fleet);
  const manifests = await interruptible((signal) =>
    withPlaces(
      fleet,
      words,
      openCache(process.env),
      signal,
      async (places) => [await findManifest(places, before), await findManifest(places, after)] as const,
    ),
  );
  const diff = diffManifests(...manifests);
  process.stdout.write(words.json === true ? `${JSON.stringify(diff, null, 2)}\n` : wordDiff(diff));
  return EXIT.done;
}

export type OutdatedWords = ShopWords & { readonly image?: string; readonly endpoint?: string };

/** @returns 0: up to date; 3: not so, and what has changed is on standard output */
export async function runOutdated(words: OutdatedWords): Promise<number> {
  let isOutdated = true;
  await inShop(words, async (shop, cache, fleet, progress) => {
    const report = await outdatedReport(shop, cache, fleet, words, progress);
    isOutdated = report.outdated;
    if (words.json === true) return `${JSON.stringify(report, null, 2)}\n`;
    return report.image !== null
      ? wordOutdated(report)
      : `fleet ${fleet.name}: no image is pinned, so there is none to keep up to date\n`;
  });
  return isOutdated ? EXIT.halted : EXIT.done;
}

type Report = Outdated | { readonly image: null; readonly outdated: true; readonly version: string };

async function outdatedReport(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  words: OutdatedWords,
  progress: Progress,
): Promise<Report> {
  const image = words.image ?? readRelease()[fleet.name]?.image;
  if (image === undefined) return { image: null, outdated: true, version: fleet.image.version };
  const manifest = await progress(`Find the record of ${image}`, () =>
    withPlaces(fleet, words, cache, shop.signal, (places) => findManifest(places, image)),
  );
  const today = await progress('Ask upstream and the archive what there is today', () =>
    readToday(shop, cache, fleet, manifest),
  );
  return compareWithToday(manifest, today);
}

async function withPlaces<T>(
  fleet: Fleet,
  { endpoint }: { readonly endpoint?: string },
  cache: Cache,
  signal: AbortSignal,
  work: (places: Places) => Promise<T>,
): Promise<T> {
  let opened: Cloud | undefined;
  const cloud = async () => {
    const { connectCloud } = await import('../publication.ts');
    opened ??= await connectCloud({ signal }, fleet, { endpoint });
    return opened;
  };
  try {
    return await work({ fleet, folder: callersFolder(), cache, cloud });
  } finally {
    await opened?.gce.close();
  }
}
