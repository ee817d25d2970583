/** What is new in an image, compared with the one that its family stands for. */
import type { Fleet } from '../../configs/fleet.ts';
import { isFleetError } from '../../lib/errors.ts';
import type { Manifest } from '../manifest.ts';
import type { Cloud } from '../publish.ts';
import { diffManifests, type ManifestDiff } from './diff.ts';
import { factsOf, newestOfFamily } from './facts.ts';
import { bucketOf, readRecord } from './record.ts';

/** Undefined: it is the first of its family, or the one before it has no record that can be read. */
export async function sinceLast(
  { gce, storage, signal }: Cloud,
  fleet: Fleet,
  manifest: Manifest,
): Promise<ManifestDiff | undefined> {
  const filter = `family = "${manifest.family}"`;
  const images = (await gce.call('images', 'list', { filter }, { signal })).map(factsOf);
  const last = newestOfFamily(images, manifest.family);
  if (last === undefined || last.name === manifest.image) return undefined;
  try {
    const before = await readRecord(storage, bucketOf(fleet), last.name, last.record);
    return before === undefined ? undefined : diffManifests(before, manifest);
  } catch (error) {
    // A record that is not its own, or of another time: no reason to hold up a new image.
    if (isFleetError(error) && ['record-differs', 'manifest'].includes(error.code)) return undefined;
    throw error;
  }
}
