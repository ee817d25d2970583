/** All that is read of the cloud before a rollout. */
import { regionOf } from '../../../configs/places.ts';
import { accountState } from '../../../lib/accounts.ts';
import type { Gce } from '../../../lib/gce.ts';
import { settled } from '../../settled.ts';
import { type Instance, lastSegment, targetTemplate } from '../gce-view.ts';
import type { GroupRef } from '../gce-vm.ts';
import {
  accountsOf,
  type Facts,
  type GroupFacts,
  known,
  machineOf,
  ownImage,
  ownSubnetwork,
  templateOf,
} from './facts.ts';
import { asked } from './trouble.ts';

/** Rejects with the FleetError of a cloud that cannot be read. */
export async function readFacts(
  gce: Gce,
  endpoint: string | undefined,
  refs: readonly GroupRef[],
): Promise<Facts> {
  const { project } = gce;
  const groups = (await settled(refs.map((ref) => readGroup(gce, ref)))).filter(({ old }) => old.length > 0);
  const names = groups.flatMap(({ template, old }) => [template, ...old.map(templateOf)]);
  const templates = await each(names, (instanceTemplate) =>
    asked(gce.call('instanceTemplates', 'get', { instanceTemplate })),
  );
  const wanted = groups.map(({ template }) => known(templates.get(template)));
  const inZones = groups.flatMap(({ zone, template, old }) =>
    [template, ...old.map(templateOf)].map((name) => `${zone}/${machineOf(known(templates.get(name)))}`),
  );
  const regions = groups.map(({ zone }) => regionOf(zone));
  const [images, machines, zones, inRegions, addresses, subnetworks, accounts] = await settled([
    each(
      wanted.map((template) => ownImage(template, project)),
      (image) => asked(gce.call('images', 'get', { image: lastSegment(image) })),
    ),
    each(
      inZones.filter((key) => !key.endsWith('/')),
      (key) => {
        const [zone = '', machineType = ''] = key.split('/');
        return asked(gce.call('machineTypes', 'get', { zone, machineType }));
      },
    ),
    each(
      groups.map(({ zone }) => zone),
      (zone) => asked(gce.call('zones', 'get', { zone })),
    ),
    each(regions, (region) => asked(gce.call('regions', 'get', { region }))),
    each(regions, (region) => asked(gce.call('addresses', 'list', { region }))),
    each(
      wanted.map((template) => ownSubnetwork(template, project)),
      (key) => {
        const [region = '', subnetwork = ''] = key.split('/');
        return asked(gce.call('subnetworks', 'get', { region, subnetwork, views: 'WITH_UTILIZATION' }));
      },
    ),
    each(wanted.flatMap(accountsOf), (email) => accountState(email, { project, endpoint })),
  ]);
  return {
    project,
    groups,
    templates,
    images,
    machines,
    zones,
    regions: inRegions,
    addresses,
    subnetworks,
    accounts,
  };
}

async function readGroup(gce: Gce, ref: GroupRef): Promise<GroupFacts> {
  const { zone, instanceGroupManager: name } = ref;
  const [group, managed, instances] = await settled([
    gce.call('instanceGroupManagers', 'get', ref),
    gce.call('instanceGroupManagers', 'listManagedInstances', ref),
    gce.call('instances', 'list', { zone }),
  ]);
  const template = targetTemplate(group);
  const byName = new Map<string, Instance>(instances.map((instance) => [instance.name ?? '', instance]));
  const old = managed
    .map((one) => ({ managed: one, name: lastSegment(one.instance) }))
    .filter((one) => templateOf(one) !== template)
    .map((one) => ({ ...one, instance: byName.get(one.name) }));
  return { zone, name, group, template, old };
}

/** Each different key is read once; an empty one is none. */
async function each<T>(
  keys: readonly string[],
  read: (key: string) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  const different = [...new Set(keys)].filter((key) => key !== '');
  const values = await settled(different.map(async (key) => [key, await read(key)] as const));
  return new Map(values);
}
