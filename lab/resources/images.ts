/** Images: imported from a tar.gz in storage, found by family, deprecated rather than deleted. */
import type { Lab } from '../context.ts';
import { fingerprintOf } from '../context.ts';
import { lastOf, linkTo } from '../links.ts';
import { invalid, notFound, refuse, unsupported } from '../refusal.ts';
import type { ImageRecord } from '../state.ts';
import type { Image, Link } from '../types.ts';
import type { Call, Handlers } from './call.ts';
import {
  birthFacts,
  checkFree,
  checkLabels,
  checkName,
  entryOf,
  linkOf,
  operate,
  setLabels,
} from './call.ts';
import { sourceFile } from './image-disks.ts';
import { pageOf } from './list.ts';

/** Other ways to make an image on GCE; the lab imports archives only. */
const OTHER_SOURCES = [
  'sourceDisk',
  'sourceImage',
  'sourceSnapshot',
  'sourceMachineImage',
  'sourceInstantSnapshot',
];

/** The images that clients see. */
function visible(lab: Lab): Image[] {
  return Object.values(lab.state.tables.images)
    .filter(({ deleted }) => !deleted)
    .map(({ resource }) => resource);
}

/** One that clients see, or 404. */
export function imageOf(lab: Lab, link: Link): ImageRecord {
  const record = entryOf(lab.state.tables.images, link);
  if (record.deleted) throw notFound(link.slice(link.indexOf('projects/')));
  return record;
}

/** Newest image of a family that is not deprecated in any way (GCE: getFromFamily). */
export function newestOfFamily(lab: Lab, family: string): Image {
  const fit = visible(lab)
    .filter((image) => image.family === family && !isDeprecated(image))
    .sort(
      (a, b) => String(b.creationTimestamp).localeCompare(String(a.creationTimestamp)) || compareIds(b, a),
    );
  const [newest] = fit;
  if (newest === undefined) throw notFound(`projects/${lab.project}/global/images/family/${family}`);
  return newest;
}

const compareIds = (a: Image, b: Image): number => (BigInt(String(a.id)) < BigInt(String(b.id)) ? -1 : 1);
const isDeprecated = ({ deprecated }: Image): boolean => (deprecated?.state ?? 'ACTIVE') !== 'ACTIVE';

function insert(call: Call): object {
  const { lab, body } = call;
  const wanted = body as Image;
  const name = checkName(wanted.name);
  const other = OTHER_SOURCES.find((source) => body[source] !== undefined);
  if (other !== undefined) throw unsupported(`compute.images.insert with ${other}`);
  const birth = birthFacts(call, 'images', name);
  reclaim(lab, birth.selfLink);
  checkFree(lab.state.tables.images, birth.selfLink);
  sourceFile(lab, wanted.rawDisk?.source ?? '');
  if (wanted.family) checkName(wanted.family, 'resource.family');
  const resource: Image = {
    kind: 'compute#image',
    sourceType: 'RAW',
    architecture: 'X86_64',
    ...wanted,
    rawDisk: { containerType: 'TAR', ...wanted.rawDisk },
    labels: checkLabels(wanted.labels),
    labelFingerprint: fingerprintOf(wanted.labels),
    status: 'PENDING',
    ...birth,
  };
  lab.state.tables.images[birth.selfLink] = { resource };
  return operate(call, 'insert', resource, { kind: 'import-image', link: birth.selfLink });
}

/** A name is free again once its image is deleted, though machines may still run from the old disk: it is kept by id. */
function reclaim(lab: Lab, link: Link): void {
  const { images } = lab.state.tables;
  const record = images[link];
  if (!record?.deleted) return;
  images[`${link}#${String(record.resource.id)}`] = record;
  delete images[link];
}

const STATES: ReadonlySet<unknown> = new Set(['ACTIVE', 'DEPRECATED', 'OBSOLETE', 'DELETED']);

function deprecate(call: Call): object {
  const { resource } = imageOf(call.lab, linkOf(call, 'images', 'image'));
  const { body } = call;
  if (body.state !== undefined && !STATES.has(body.state))
    throw invalid('state', body.state, 'Unknown state.');
  if (body.state === undefined || body.state === 'ACTIVE') delete resource.deprecated;
  else resource.deprecated = body as NonNullable<Image['deprecated']>;
  return operate(call, 'deprecate', resource);
}

function patchImage(call: Call): object {
  const { resource } = imageOf(call.lab, linkOf(call, 'images', 'image'));
  const { family, description } = call.body as Image;
  const rest = Object.keys(call.body).find((key) => key !== 'family' && key !== 'description');
  if (rest !== undefined) throw unsupported(`compute.images.patch of ${rest}`);
  if (family) resource.family = checkName(family, 'resource.family');
  if (description) resource.description = description;
  return operate(call, 'patch', resource);
}

function relabel(call: Call): object {
  const { resource } = imageOf(call.lab, linkOf(call, 'images', 'resource'));
  setLabels(resource, call.body);
  return operate(call, 'setLabels', resource);
}

export const imageHandlers: Handlers = {
  'Images.Insert': insert,
  'Images.Get': (call) => imageOf(call.lab, linkOf(call, 'images', 'image')).resource,
  'Images.GetFromFamily': ({ lab, params }) => newestOfFamily(lab, params.family ?? ''),
  'Images.List': ({ lab, params }) => ({
    kind: 'compute#imageList',
    id: `projects/${lab.project}/global/images`,
    selfLink: linkTo(lab.project, 'global/images'),
    ...pageOf(visible(lab), params),
  }),
  'Images.Deprecate': deprecate,
  'Images.Patch': patchImage,
  'Images.SetLabels': relabel,
  'Images.Delete': (call) => {
    const link = linkOf(call, 'images', 'image');
    return operate(call, 'delete', imageOf(call.lab, link).resource, { kind: 'remove-image', link });
  },
  /** Image families of gcloud: `imageFamilyViews` is zonal, and shows what a zone would use. */
  'ImageFamilyViews.Get': ({ lab, params }) => ({ image: newestOfFamily(lab, params.family ?? '') }),
};

/** The image that a boot disk names: `…/global/images/x` or `…/global/images/family/f`. Refuses what GCE would not boot from. */
export function bootImage(lab: Lab, link: Link): Image {
  const family = /\/global\/images\/family\/([^/]+)$/.exec(link)?.[1];
  const image = family === undefined ? imageOf(lab, link).resource : newestOfFamily(lab, family);
  const state = image.deprecated?.state;
  if (state === 'OBSOLETE' || state === 'DELETED')
    throw refuse(400, 'badRequest', `The image '${lastOf(link)}' is ${state} and cannot be used.`);
  if (image.status !== 'READY')
    throw refuse(
      400,
      'resourceNotReady',
      `The resource '${link.slice(link.indexOf('projects/'))}' is not ready`,
    );
  return image;
}
