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
import { parseSource, type Source } from '../versions/source.ts';
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

async function upstreamOf(
  shop: Shop,
  fleet: Fleet,
  manifest: Manifest,
): Promise<readonly string[] | undefined> {
  const source = comparedSource(fleet.image.source, manifest);
  if (source === undefined) return undefined;
  if (source.ref !== undefined) return [await commitOf(shop, source.url, source.ref)];
  return [...(await listTags(shop, source.url)).keys()];
}

/**
 * The repository whose tags an image is compared with: that of the fleet file, or, where that names the base's package and the image
 * was asked for by its version alone (`compile/choose.ts`), the one that it came from. Undefined: there is none. Pure.
 */
export function comparedSource(
  ofFleet: string,
  { source, place }: Pick<Manifest, 'source' | 'place'>,
): Extract<Source, { readonly kind: 'git' }> | undefined {
  if (source !== 'git') return undefined;
  const named = parseSource(ofFleet);
  if (named.kind === 'git') return named;
  const own = named.kind === 'debian' && place !== undefined ? parseSource(place) : undefined;
  return own?.kind === 'git' ? own : undefined;
}
