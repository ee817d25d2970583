/** The instance group behind each managed group, read only: gcloud shows sizes from it. */
import { fingerprintOf } from '../context.ts';
import type { GroupRecord } from '../groups/types.ts';
import { linkTo, scopeOfLink } from '../links.ts';
import { notFound } from '../refusal.ts';
import type { Call, Handlers } from './call.ts';
import { scopesOf } from './call.ts';
import { pageOf, scopedItems } from './list.ts';

/** Members that have a VM count, as on GCE. */
function viewInstanceGroup(call: Call, { resource, members }: GroupRecord) {
  const { id, name, zone, creationTimestamp, instanceGroup } = resource;
  const { instances } = call.lab.state.tables;
  const here = scopeOfLink(resource.selfLink ?? '');
  const present = Object.keys(members).flatMap((member) => {
    const record = instances[linkTo(call.lab.project, `${here}/instances/${member}`)];
    return record ? [record.resource] : [];
  });
  const nic = present[0]?.networkInterfaces?.[0];
  return {
    kind: 'compute#instanceGroup',
    id: String(id),
    name: name ?? '',
    creationTimestamp: creationTimestamp ?? '',
    description: `This instance group is controlled by Instance Group Manager '${name}'.`,
    fingerprint: fingerprintOf(present.map((instance) => instance.id)),
    selfLink: instanceGroup ?? '',
    size: present.length,
    zone: zone ?? '',
    ...(nic ? { network: nic.network ?? '', subnetwork: nic.subnetwork ?? '' } : {}),
  };
}

const all = (call: Call) =>
  Object.values(call.lab.state.tables.instanceGroupManagers).map((group) => viewInstanceGroup(call, group));

const here = (call: Call) => all(call).filter(({ selfLink }) => scopeOfLink(selfLink) === call.scope);

export const instanceGroupHandlers: Handlers = {
  'InstanceGroups.Get': (call) => {
    const found = here(call).find(({ name }) => name === call.params.instanceGroup);
    if (found) return found;
    throw notFound(`projects/${call.lab.project}/${call.scope}/instanceGroups/${call.params.instanceGroup}`);
  },
  'InstanceGroups.List': (call) => ({
    kind: 'compute#instanceGroupList',
    id: `projects/${call.lab.project}/${call.scope}/instanceGroups`,
    selfLink: linkTo(call.lab.project, `${call.scope}/instanceGroups`),
    ...pageOf(here(call), call.params),
  }),
  'InstanceGroups.AggregatedList': (call) => {
    const { items, nextPageToken } = pageOf(all(call), call.params);
    const scoped = items.map((resource) => ({ scope: scopeOfLink(resource.selfLink), resource }));
    return {
      kind: 'compute#instanceGroupAggregatedList',
      id: `projects/${call.lab.project}/aggregated/instanceGroups`,
      selfLink: linkTo(call.lab.project, 'aggregated/instanceGroups'),
      items: scopedItems('instanceGroups', scopesOf(call.lab), scoped),
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    };
  },
};
