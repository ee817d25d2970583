/**
 * Zonal managed instance groups. Every mutation only records what is wanted; its operation is DONE then, as on GCE, and the
 * controllers (lab/groups/controller.ts) make it so: clients watch `listManagedInstances`.
 */
import { addMember } from '../groups/controller.ts';
import { completeGroup } from '../groups/policy.ts';
import type { GroupRecord } from '../groups/types.ts';
import { groupFingerprint, viewGroup } from '../groups/view.ts';
import { linkTo, readLink, scopeOfLink } from '../links.ts';
import { invalid } from '../refusal.ts';
import type { InstanceGroupManager, Json } from '../types.ts';
import type { Call, Handlers } from './call.ts';
import {
  birthFacts,
  checkFingerprint,
  checkFree,
  checkName,
  entryOf,
  mergePatch,
  operate,
  scopesOf,
} from './call.ts';
import { act, alive, done, groupOf } from './group-common.ts';
import { pageOf, scopedItems } from './list.ts';

const tableOf = ({ lab }: Call) => lab.state.tables.instanceGroupManagers;

/** Checks a group and that what it refers to is there. */
function checked(
  call: Call,
  wanted: InstanceGroupManager,
  configs: GroupRecord['configs'],
): InstanceGroupManager {
  const { lab } = call;
  const resource = completeGroup(wanted, configs, lab.project);
  for (const { instanceTemplate } of resource.versions ?? [])
    entryOf(lab.state.tables.instanceTemplates, instanceTemplate ?? '');
  for (const policy of resource.autoHealingPolicies ?? []) {
    const link = readLink(
      'resource.autoHealingPolicies',
      policy.healthCheck ?? '',
      lab.project,
      'global',
      'healthChecks',
    );
    entryOf(lab.state.tables.healthChecks, link);
    policy.healthCheck = link;
  }
  return resource;
}

function insert(call: Call): object {
  const wanted = call.body as InstanceGroupManager;
  const name = checkName(wanted.name);
  const birth = birthFacts(call, 'instanceGroupManagers', name);
  checkFree(tableOf(call), birth.selfLink);
  const based = { baseInstanceName: name, ...wanted };
  const resource: InstanceGroupManager = {
    ...checked(call, based, {}),
    kind: 'compute#instanceGroupManager',
    ...birth,
    instanceGroup: linkTo(call.lab.project, `${call.scope}/instanceGroups/${name}`),
  };
  const group: GroupRecord = { resource, members: {}, configs: {} };
  tableOf(call)[birth.selfLink] = group;
  for (let count = 0; count < Number(resource.targetSize ?? 0); count++) addMember(call.lab, group);
  return operate(call, 'compute.instanceGroupManagers.insert', resource);
}

/** Changes the group; existing VMs stay as they are (OPPORTUNISTIC) until they are updated by name. */
function change(call: Call, group: GroupRecord, changes: Json): void {
  const { fingerprint, status: _s, currentActions: _c, ...patch } = changes;
  checkFingerprint(fingerprint, groupFingerprint(group.resource), false);
  const merged = mergePatch(group.resource, patch) as InstanceGroupManager;
  // A new template alone makes it the only version, as setInstanceTemplate does.
  if (patch.instanceTemplate !== undefined && patch.versions === undefined) delete merged.versions;
  const { id, name, selfLink, zone, creationTimestamp } = group.resource;
  const fixed = { id, name, selfLink, zone, creationTimestamp } as InstanceGroupManager;
  group.resource = { ...checked(call, merged, group.configs), ...fixed };
  setSize(call, group);
}

/** Fewer: victims are picked at random, as GCE promises nothing better. More: the controller creates them. */
function setSize(call: Call, group: GroupRecord): void {
  const wanted = Number(group.resource.targetSize ?? 0);
  const staying = Object.values(group.members).filter(({ action }) => action !== 'DELETING');
  const { random } = call.lab.clock;
  for (let excess = staying.length - wanted; excess > 0; excess--) {
    const [victim] = staying.splice(Math.floor(random() * staying.length), 1);
    if (victim) act(call, victim, 'DELETING');
  }
  for (let missing = wanted - staying.length; missing > 0; missing--) addMember(call.lab, group);
}

function resize(call: Call): object {
  const group = groupOf(call);
  change(call, group, { targetSize: Number(call.params.size) });
  return done(call, 'resize');
}

function remove(call: Call): object {
  const group = groupOf(call);
  group.deleting = true;
  group.resource.targetSize = 0;
  for (const member of Object.values(group.members)) act(call, member, 'DELETING');
  const link = group.resource.selfLink ?? '';
  return operate(call, 'compute.instanceGroupManagers.delete', group.resource, {
    kind: 'delete-group',
    link,
  });
}

function list(call: Call): object {
  const { lab, params, scope } = call;
  const here = Object.entries(tableOf(call)).filter(([link]) => scopeOfLink(link) === scope);
  return {
    kind: 'compute#instanceGroupManagerList',
    id: `projects/${lab.project}/${scope}/instanceGroupManagers`,
    selfLink: linkTo(lab.project, `${scope}/instanceGroupManagers`),
    ...pageOf(
      here.map(([, group]) => viewGroup(group)),
      params,
    ),
  };
}

function aggregate(call: Call): object {
  const { lab, params } = call;
  const all = Object.entries(tableOf(call)).map(([link, group]) => ({
    ...viewGroup(group),
    scope: scopeOfLink(link),
  }));
  const { items, nextPageToken } = pageOf(all, params);
  return {
    kind: 'compute#instanceGroupManagerAggregatedList',
    id: `projects/${lab.project}/aggregated/instanceGroupManagers`,
    selfLink: linkTo(lab.project, 'aggregated/instanceGroupManagers'),
    items: scopedItems(
      'instanceGroupManagers',
      scopesOf(lab),
      items.map(({ scope, ...resource }) => ({ scope, resource })),
    ),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
  };
}

export const groupHandlers: Handlers = {
  'InstanceGroupManagers.Insert': insert,
  'InstanceGroupManagers.Get': (call) => viewGroup(groupOf(call)),
  'InstanceGroupManagers.List': list,
  'InstanceGroupManagers.AggregatedList': aggregate,
  'InstanceGroupManagers.Delete': alive(remove),
  'InstanceGroupManagers.Patch': alive((call) => {
    change(call, groupOf(call), call.body);
    return done(call, 'patch');
  }),
  'InstanceGroupManagers.SetInstanceTemplate': alive((call) => {
    const { instanceTemplate } = call.body;
    if (!instanceTemplate) throw invalid('instanceTemplate', '', 'An instance template must be specified.');
    change(call, groupOf(call), { instanceTemplate });
    return done(call, 'setInstanceTemplate');
  }),
  'InstanceGroupManagers.Resize': alive(resize),
};
