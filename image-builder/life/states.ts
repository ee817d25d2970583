/** Changes what an image stands for: accepted, promoted, deprecated, deleted. */
import { FleetError, isFleetError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import type { Cloud } from '../publish.ts';
import { factsOf, type GceImage, IMAGE_LABEL, type ImageState } from './facts.ts';

/** The image of this name; undefined: there is none. */
export async function findImage({ gce, signal }: Cloud, name: string): Promise<GceImage | undefined> {
  try {
    return await gce.call('images', 'get', { image: name }, { signal });
  } catch (error) {
    if (isFleetError(error) && error.code === 'gce-not-found') return undefined;
    throw error;
  }
}

/** @throws FleetError `usage`, code `unknown-image`: names the nearest that there is */
export async function requireImage(cloud: Cloud, name: string): Promise<GceImage> {
  const found = await findImage(cloud, checkedName(name));
  if (found !== undefined) return found;
  const all = await cloud.gce.call('images', 'list', {}, { signal: cloud.signal });
  const near = nearest(
    name,
    all.flatMap((image) => image.name ?? []),
  );
  throw new FleetError({
    kind: 'usage',
    code: 'unknown-image',
    message: `${name}: project ${cloud.gce.project} has no such image`,
    hint: near === undefined ? '`pnpm image:list` shows those that there are.' : `Did you mean ${near}?`,
  });
}

/** GCE's rule for names: a wrong one would be answered as a broken URL. */
export function checkedName(name: string): string {
  if (/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new FleetError({
    kind: 'usage',
    code: 'image-name',
    message: `${JSON.stringify(name)} is no name of an image`,
    hint: 'A name has at most 63 of a-z, 0-9 and -, for example rtpengine-mr12-5-1-31-debian-13-3fa9c1d2.',
  });
}

/**
 * Makes an accepted image the one that its family stands for; the ones before become DEPRECATED, with it as replacement.
 * The new one comes first, so that the family is never empty; its label comes last, so that all of it is done again if
 * this run is killed in between. Also the way back to an older image.
 * @param now Unix time in seconds
 * @returns names of the images that it takes the place of
 * @throws FleetError `hold`, code `not-accepted-yet`
 */
export async function promoteImage(cloud: Cloud, name: string, now: number): Promise<readonly string[]> {
  const facts = factsOf(await requireImage(cloud, name));
  if (facts.accepted === undefined) throw notAcceptedYet(name);
  if (facts.state !== 'ACTIVE') await setState(cloud, name, { state: 'ACTIVE' });
  const filter = `family = "${facts.family}"`;
  const all = (await cloud.gce.call('images', 'list', { filter }, { signal: cloud.signal })).map(factsOf);
  const replaced = all.filter(
    (image) => image.family === facts.family && image.name !== name && image.state === 'ACTIVE',
  );
  for (const old of replaced)
    await setState(cloud, old.name, { state: 'DEPRECATED', replacement: facts.link });
  await setLabels(cloud, name, { [IMAGE_LABEL.promoted]: String(now) });
  return replaced.map((image) => image.name);
}

function notAcceptedYet(name: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'not-accepted-yet',
    message: `${name} was never accepted, so it must not be what its family stands for`,
    hint: '`pnpm image:build` examines it, and promotes it then.',
  });
}

/** Adds labels to those that an image has. */
export async function setLabels(
  cloud: Cloud,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const { gce, signal } = cloud;
  const image = await requireImage(cloud, name);
  const globalSetLabelsRequestResource = {
    labels: { ...image.labels, ...labels },
    ...(image.labelFingerprint ? { labelFingerprint: image.labelFingerprint } : {}),
  };
  await gce.done(await gce.call('images', 'setLabels', { resource: name, globalSetLabelsRequestResource }), {
    signal,
  });
}

/** @param status `replacement` is a link */
export async function setState(
  { gce, signal }: Cloud,
  image: string,
  status: { readonly state: ImageState; readonly replacement?: string },
): Promise<void> {
  await gce.done(await gce.call('images', 'deprecate', { image, deprecationStatusResource: status }), {
    signal,
  });
}

/** Idempotent. */
export async function deleteImage({ gce, signal }: Cloud, image: string): Promise<void> {
  try {
    await gce.done(await gce.call('images', 'delete', { image }), { signal });
  } catch (error) {
    if (!isFleetError(error) || error.code !== 'gce-not-found') throw error;
  }
}
