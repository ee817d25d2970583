/** Asks what an image could be made of today: upstream's tags, the archive's packages, our own files. */
import type { Fleet } from '../../configs/fleet.ts';
import { BASES, type BaseName } from '../bases.ts';
import type { Cache } from '../cache.ts';
import type { Shop } from '../command.ts';
import { agentSource } from '../guest/agent.ts';
import { type Manifest, recordOf } from '../manifest.ts';
import { findMirrors } from '../mirrors.ts';
import { openIndex } from '../packages.ts';
import { imageFiles } from '../recipe.ts';
import { recipeDigest } from '../recipe-digest.ts';
import { parseSource } from '../versions/source.ts';
import { commitOf, listTags } from '../versions/tags.ts';
import { parseOffers, type Today } from './outdated.ts';

export async function readToday(shop: Shop, cache: Cache, fleet: Fleet, manifest: Manifest): Promise<Today> {
  const further = agentSource(cache, fleet);
  const base = manifest.base as BaseName;
  const { image: mirrors } = await findMirrors(shop, cache, base);
  const index = await openIndex(shop, cache, {
    codename: BASES[base].codename,
    mirrors,
    ...(manifest.architecture === 'ARM64' ? { architecture: 'arm64' as const } : {}),
    ...(further === undefined ? {} : { further }),
  });
  const upstream = await upstreamOf(shop, fleet, manifest);
  return {
    ...(upstream === undefined ? {} : { upstream }),
    offers: parseOffers(await index.madison(manifest.packages.map(({ name }) => name))),
    files: imageFiles(fleet, manifest.version).map(recordOf),
    recipe: recipeDigest(fleet.image.sizeGb, fleet.image.architecture),
  };
}

/** Where the fleet file says that RTPEngine comes from; an image that came from elsewhere has nothing to be compared with. */
async function upstreamOf(
  shop: Shop,
  fleet: Fleet,
  manifest: Manifest,
): Promise<readonly string[] | undefined> {
  const source = parseSource(fleet.image.source);
  if (source.kind !== 'git' || manifest.source !== 'git') return undefined;
  if (source.ref !== undefined) return [await commitOf(shop, source.url, source.ref)];
  return [...(await listTags(shop, source.url)).keys()];
}
