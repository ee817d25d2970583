/** From a word of the command line to what QEMU can boot: an image in the builder's cache, an archive for GCE, or a disk. */
import { existsSync, readdirSync } from 'node:fs';
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
  const image = images.find(({ manifest }) => manifest.image === word);
  if (image !== undefined)
    return { file: join(image.folder, DISK_FILES.archive), form: 'archive', manifest: image.manifest };
  const form = formOf(word);
  if (form !== undefined && existsSync(word)) return { file: resolve(word), form };
  const names = images.map(({ manifest }) => manifest.image);
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

type CachedImage = { readonly folder: string; readonly manifest: Manifest };

function cachedImages(environment: Readonly<Record<string, string | undefined>>): readonly CachedImage[] {
  const disks = join(openCache(environment).root, 'disk');
  if (!existsSync(disks)) return [];
  return readdirSync(disks)
    .map((name) => join(disks, name))
    .filter((folder) => existsSync(join(folder, DISK_FILES.manifest)))
    .map((folder) => ({ folder, manifest: readManifest(folder) }));
}
