/** From a word of the command line to what QEMU can boot: an image in the builder's cache, an archive for GCE, or a disk. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DISK_FILES, readManifest } from '../../image-builder/assemble.ts';
import { openCache } from '../../image-builder/cache.ts';
import type { Manifest } from '../../image-builder/manifest.ts';
import { FleetError } from '../../lib/errors.ts';

export type FoundDisk = {
  readonly file: string;
  readonly form: 'archive' | 'raw' | 'qcow2';
  /** Of an image of the cache. */
  readonly manifest?: Manifest;
};

/**
 * @param word name of an image in the cache, or path of a `.tar.gz`, `.raw` or `.qcow2`
 * @throws FleetError `usage`, code `no-such-image`
 */
export function findDisk(word: string, environment: Readonly<Record<string, string | undefined>>): FoundDisk {
  const images = cachedImages(environment);
  const image = images.find(({ name }) => name === word);
  if (image !== undefined) {
    const manifest = readManifest(image.folder);
    return { file: join(image.folder, DISK_FILES.archive), form: 'archive', manifest };
  }
  const form = formOf(word);
  if (form !== undefined && existsSync(word)) return { file: resolve(word), form };
  const names = images.map(({ name }) => name);
  throw new FleetError({
    kind: 'usage',
    code: 'no-such-image',
    message: `${word}: no image of this name in the cache, and no .tar.gz, .raw or .qcow2 file`,
    hint:
      names.length === 0
        ? 'Make one with `pnpm image:build --no-publish`.'
        : `In the cache: ${names.toSorted().join(', ')}.`,
    facts: { word },
  });
}

/** Pure. */
export function formOf(path: string): FoundDisk['form'] | undefined {
  if (/\.(?:tar\.gz|tgz)$/.test(path)) return 'archive';
  if (path.endsWith('.raw')) return 'raw';
  return path.endsWith('.qcow2') ? 'qcow2' : undefined;
}

type CachedImage = { readonly folder: string; readonly name: string };

/** Only names are read here: another release of rtpfleet may have written records that this one cannot check. */
function cachedImages(environment: Readonly<Record<string, string | undefined>>): readonly CachedImage[] {
  const disks = join(openCache(environment).root, 'disk');
  if (!existsSync(disks)) return [];
  return readdirSync(disks).flatMap((key) => {
    const folder = join(disks, key);
    const record = join(folder, DISK_FILES.manifest);
    if (!existsSync(record)) return [];
    const { image }: { readonly image?: unknown } = JSON.parse(readFileSync(record, 'utf8'));
    return typeof image === 'string' ? [{ folder, name: image }] : [];
  });
}
