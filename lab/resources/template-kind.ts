/** Instance templates: immutable, and kept while a group or one of its VMs has them. */
import { lastOf } from '../links.ts';
import { invalid, unsupported } from '../refusal.ts';
import type { InstanceProperties } from '../types.ts';
import type { SimpleKind } from './simple.ts';

export const instanceTemplate: SimpleKind = {
  service: 'InstanceTemplates',
  table: 'instanceTemplates',
  kind: 'compute#instanceTemplate',
  variable: 'instanceTemplate',
  patch: false,
  aggregated: true,
  complete: (_call, resource) => {
    if (resource.sourceInstance !== undefined)
      throw unsupported('compute.instanceTemplates.insert with sourceInstance');
    const properties = resource.properties as InstanceProperties | undefined;
    if (properties === undefined) throw invalid('resource.properties', '', 'Properties must be specified.');
    if (!properties.machineType)
      throw invalid('resource.properties.machineType', '', 'The referenced machine type is empty.');
    if (!properties.disks?.some((disk) => disk.boot))
      throw invalid('resource.properties.disks', properties.disks ?? [], 'Boot disk must be specified.');
    if (!properties.networkInterfaces?.length)
      throw invalid(
        'resource.properties.networkInterfaces',
        [],
        'At least one network interface is required.',
      );
    return resource;
  },
  usedBy: (lab, self) => {
    const wanted = lastOf(self);
    const groups = Object.entries(lab.state.tables.instanceGroupManagers);
    return groups.find(([, { resource, members }]) => {
      const versions = [
        ...(resource.versions ?? []),
        ...Object.values(members).map(({ version }) => version),
      ];
      return versions.some(({ instanceTemplate }) => lastOf(instanceTemplate ?? '') === wanted);
    })?.[0];
  },
};
