/** Per-instance configs: what one VM of a group keeps for itself, and VMs created by name. */

import { fingerprintOf } from '../context.ts';
import { addMember } from '../groups/controller.ts';
import { completeGroup } from '../groups/policy.ts';
import type { GroupRecord } from '../groups/types.ts';
import { viewConfig } from '../groups/view.ts';
import { linkTo } from '../links.ts';
import { invalid, refuse, unsupported } from '../refusal.ts';
import type { PerInstanceConfig, PreservedState } from '../types.ts';
import type { Call, Handlers } from './call.ts';
import { checkFingerprint, checkName, mergePatch, operate } from './call.ts';
import { groupOf, membersOf } from './group-common.ts';
import { pageOf } from './list.ts';

const operation = (call: Call, method: string): object =>
  operate(call, `compute.instanceGroupManagers.${method}`, groupOf(call).resource);

/** Metadata and the internal address can be kept per VM; disks and external addresses the lab has none of. */
function checkState(state: PreservedState | null | undefined, field: string): PreservedState {
  if (Object.keys(state?.disks ?? {}).length > 0) throw unsupported('a per-instance config with disks');
  if (Object.keys(state?.externalIPs ?? {}).length > 0)
    throw unsupported('a per-instance config with external IPs');
  const address = state?.internalIPs?.nic0?.ipAddress;
  if (address?.address) throw unsupported('a per-instance config that names a reserved address');
  const other = Object.keys(state?.internalIPs ?? {}).find((nic) => nic !== 'nic0');
  if (other !== undefined) throw invalid(`${field}.internalIPs`, other, 'Instances have only nic0.');
  return state ?? {};
}

function configsOf(call: Call): PerInstanceConfig[] {
  const configs = (call.body.perInstanceConfigs ?? []) as PerInstanceConfig[];
  if (configs.length === 0) throw invalid('perInstanceConfigs', [], 'At least one config must be specified.');
  return configs;
}

/** `patch` merges into the present config, `update` replaces it; the VM has it after its next update. */
function put(call: Call, merge: boolean): void {
  const group = groupOf(call);
  const given = configsOf(call);
  membersOf(
    group,
    given.map(({ name }) => name ?? ''),
    'perInstanceConfigs',
  );
  const configs = { ...group.configs };
  for (const { name, preservedState, fingerprint } of given) {
    const present = configs[name ?? ''];
    checkFingerprint(fingerprint, fingerprintOf(present?.preservedState ?? {}), false);
    const base = merge && !present?.deleted ? (present?.preservedState ?? {}) : {};
    const state = mergePatch(base, preservedState ?? {}) as PreservedState;
    configs[name ?? ''] = { preservedState: checkState(state, 'perInstanceConfigs.preservedState') };
  }
  // A per-instance config makes the group stateful: its policies must allow that.
  completeGroup(group.resource, configs, call.lab.project);
  group.configs = configs;
}

/** A config that no VM was made with goes at once; else it stays, UNAPPLIED_DELETION, until the VM is updated. */
function drop(call: Call): void {
  const group = groupOf(call);
  for (const name of (call.body.names ?? []) as readonly string[]) {
    const config = group.configs[name];
    if (config === undefined) throw invalid('names', name, 'There is no config of this name.');
    if ((group.members[name]?.appliedConfig ?? '') === '') delete group.configs[name];
    else config.deleted = true;
  }
}

function create(call: Call): object {
  const group = groupOf(call);
  const instances = (call.body.instances ?? []) as PerInstanceConfig[];
  if (instances.length === 0) throw invalid('instances', [], 'At least one instance must be specified.');
  for (const [index, { name }] of instances.entries())
    checkNew(call, group, checkName(name, `instances[${index}].name`));
  for (const { name, preservedState } of instances) {
    const state = checkState(preservedState, 'instances.preservedState');
    if (Object.keys(state).length > 0) group.configs[name ?? ''] = { preservedState: state };
    addMember(call.lab, group, name ?? '');
  }
  group.resource.targetSize = Number(group.resource.targetSize ?? 0) + instances.length;
  return operation(call, 'createInstances');
}

function checkNew(call: Call, group: GroupRecord, name: string): void {
  const link = linkTo(call.lab.project, `${call.scope}/instances/${name}`);
  if (group.members[name] === undefined && call.lab.state.tables.instances[link] === undefined) return;
  throw refuse(
    409,
    'alreadyExists',
    `The resource '${link.slice(link.indexOf('projects/'))}' already exists`,
  );
}

function list(call: Call): object {
  const group = groupOf(call);
  const views = Object.keys(group.configs).map((name) => viewConfig(group, name));
  const { items, ...next } = pageOf(views, call.params);
  return { items, ...next };
}

export const groupConfigHandlers: Handlers = {
  'InstanceGroupManagers.ListPerInstanceConfigs': list,
  'InstanceGroupManagers.PatchPerInstanceConfigs': (call) => {
    put(call, true);
    return operation(call, 'patchPerInstanceConfigs');
  },
  'InstanceGroupManagers.UpdatePerInstanceConfigs': (call) => {
    put(call, false);
    return operation(call, 'updatePerInstanceConfigs');
  },
  'InstanceGroupManagers.DeletePerInstanceConfigs': (call) => {
    drop(call);
    return operation(call, 'deletePerInstanceConfigs');
  },
  'InstanceGroupManagers.CreateInstances': create,
};
