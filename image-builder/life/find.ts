/** Finds the manifest of an image by whatever names it: a file, an archive, or the image's name. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Fleet } from '../../configs/fleet.ts';
import { FleetError, reasonOf } from '../../lib/errors.ts';
import type { Cache } from '../cache.ts';
import { checkManifest, type Manifest } from '../manifest.ts';
import type { Cloud } from '../publish.ts';
import { factsOf } from './facts.ts';
import { bucketOf, readRecord } from './record.ts';
import { requireImage } from './states.ts';

export type Places = {
  readonly fleet: Fleet;
  /** Folder that a relative path is counted from. */
  readonly folder: string;
  readonly cache: Cache;
  /** Opened only when it has to be asked. */
  readonly cloud: () => Promise<Cloud>;
};

const FILE = 'manifest.json';

/**
 * @param word path of a manifest, path of an archive or folder with a manifest beside it, or name of an image: in the cache of
 * this machine, else in the bucket of the fleet's project
 * @throws FleetError `usage`, code `unknown-image` or `no-record`
 */
export async function findManifest(places: Places, word: string): Promise<Manifest> {
  const path = resolve(places.folder, word);
  if (/[./]/.test(word) && existsSync(path)) return readFileOf(path);
  if (/[./]/.test(word)) throw noRecord(`${word}: there is no such file`);
  const local = inCache(places.cache, word);
  if (local !== undefined) return local;
  const cloud = await places.cloud();
  const { record } = factsOf(await requireImage(cloud, word));
  const found = await readRecord(cloud.storage, bucketOf(places.fleet), word, record);
  if (found !== undefined) return found;
  throw noRecord(`${word}: gs://${bucketOf(places.fleet)} has no record of this image`);
}

function readFileOf(path: string): Manifest {
  const beside = statSync(path).isDirectory() ? join(path, FILE) : join(dirname(path), FILE);
  const file = path.endsWith('.json') ? path : beside;
  try {
    return checkManifest(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw noRecord(`${file} is no manifest that can be read: ${reasonOf(cause)}`);
  }
}

/** The name of an image holds the key of its disk, so one of the same name is the same. */
function inCache(cache: Cache, image: string): Manifest | undefined {
  const disks = join(cache.root, 'disk');
  const names = existsSync(disks) ? readdirSync(disks) : [];
  const files = names.map((name) => join(disks, name, FILE)).filter((file) => existsSync(file));
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  const text = texts.find((each) => (JSON.parse(each) as { readonly image?: unknown }).image === image);
  return text === undefined ? undefined : checkManifest(JSON.parse(text));
}

function noRecord(message: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'no-record',
    message,
    hint: 'Name a manifest.json, an archive beside one, or an image; `pnpm image:list` shows the images.',
  });
}
