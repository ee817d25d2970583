/** Boot disks, to read: each exists as long as its machine, and tells which image it was made from. */
import type { Lab } from '../context.ts';
import { linkTo, scopeOfLink } from '../links.ts';
import { notFound } from '../refusal.ts';
import type { InstanceRecord } from '../state.ts';
import type { Disk, Link } from '../types.ts';
import type { Handlers } from './call.ts';
import { scopesOf } from './call.ts';
import { pageOf, scopedItems } from './list.ts';

function disksOf(lab: Lab): Disk[] {
  return Object.values(lab.state.tables.instances).map((record) => diskOf(lab, record));
}

function diskOf(lab: Lab, { resource, imageId }: InstanceRecord): Disk {
  const [boot] = resource.disks ?? [];
  const zone = resource.zone ?? '';
  const image = imageLink(lab, imageId);
  return {
    kind: 'compute#disk',
    id: resource.id ?? '',
    name: resource.name ?? '',
    creationTimestamp: resource.creationTimestamp ?? '',
    selfLink: boot?.source ?? '',
    zone,
    status: 'READY',
    sizeGb: boot?.diskSizeGb ?? '',
    type: `${zone}/diskTypes/pd-balanced`,
    architecture: boot?.architecture ?? 'X86_64',
    sourceImage: image,
    sourceImageId: imageId,
    users: [resource.selfLink ?? ''],
  };
}

/** Also that of a deleted image: a disk goes on naming it, as on GCE. */
function imageLink(lab: Lab, imageId: string): Link {
  const found = Object.values(lab.state.tables.images).find(
    ({ resource }) => String(resource.id) === imageId,
  );
  return found?.resource.selfLink ?? '';
}

export const diskHandlers: Handlers = {
  'Disks.Get': ({ lab, scope, params }) => {
    const link = linkTo(lab.project, `${scope}/disks/${params.disk ?? ''}`);
    const found = disksOf(lab).find(({ selfLink }) => selfLink === link);
    if (found === undefined) throw notFound(`projects/${lab.project}/${scope}/disks/${params.disk ?? ''}`);
    return found;
  },
  'Disks.List': ({ lab, scope, params }) => ({
    kind: 'compute#diskList',
    id: `projects/${lab.project}/${scope}/disks`,
    selfLink: linkTo(lab.project, `${scope}/disks`),
    ...pageOf(
      disksOf(lab).filter(({ selfLink }) => scopeOfLink(selfLink ?? '') === scope),
      params,
    ),
  }),
  'Disks.AggregatedList': ({ lab, params }) => {
    const { items, nextPageToken } = pageOf(disksOf(lab), params);
    const scoped = items.map((resource) => ({ scope: scopeOfLink(resource.selfLink ?? ''), resource }));
    return {
      kind: 'compute#diskAggregatedList',
      id: `projects/${lab.project}/aggregated/disks`,
      selfLink: linkTo(lab.project, 'aggregated/disks'),
      items: scopedItems('disks', scopesOf(lab), scoped),
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    };
  },
};
