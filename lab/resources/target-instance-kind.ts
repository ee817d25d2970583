/** Target instances: what a forwarding rule of protocol forwarding delivers to. */
import { readLink } from '../links.ts';
import { invalid } from '../refusal.ts';
import { entryOf } from './call.ts';
import { firstUser } from './kind-common.ts';
import type { SimpleKind } from './simple.ts';

/** The instance is meant by its name: another one of the same name takes its place. */
export const targetInstance: SimpleKind = {
  service: 'TargetInstances',
  table: 'targetInstances',
  kind: 'compute#targetInstance',
  variable: 'targetInstance',
  patch: false,
  aggregated: true,
  complete: ({ lab, scope }, resource) => {
    const field = 'resource.instance';
    const instance = readLink(field, String(resource.instance ?? ''), lab.project, scope, 'instances');
    if (!instance.includes(`/${scope}/instances/`))
      throw invalid(field, resource.instance, 'The instance must be in the zone of the target instance.');
    entryOf(lab.state.tables.instances, instance);
    return { natPolicy: 'NO_NAT', ...resource, instance };
  },
  usedBy: (lab, self) => firstUser(lab, self, ['forwardingRules']),
};
