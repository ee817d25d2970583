/**
 * Zonal managed instance groups. Every mutation only records what is wanted; its operation is DONE then, as on GCE, and the
 * controllers (lab/groups/controller.ts) make it so: clients watch `listManagedInstances`.
 */
import { addMember } from '../groups/controller.ts';
import { completeGroup, targetVersion } from '../groups/policy.ts';
import type { GroupRecord, Member, MemberAction } from '../groups/types.ts';
import type { UpdateAction } from '../groups/update.ts';
import { neededAction, rank, stronger } from '../groups/update.ts';
import { configText, groupFingerprint, viewGroup, viewMember } from '../groups/view.ts';
import { lastOf, linkTo, readLink, scopeOfLink } from '../links.ts';
import { invalid, refuse } from '../refusal.ts';
import type { InstanceGroupManager, Json, Link, Operation } from '../types.ts';
import type { Call, Handlers } from './call.ts';
import {
  birthFacts,
  checkFingerprint,
  checkFree,
  checkName,
  entryOf,
  linkOf,
  mergePatch,
  operate,
  scopesOf,
} from './call.ts';
import { parseFilter } from './filter.ts';
import { pageOf, scopedItems } from './list.ts';

const tableOf = ({ lab }: Call) => lab.state.tables.instanceGroupManagers;
export const groupOf = (call: Call): GroupRecord =>
  entryOf(tableOf(call), linkOf(call, 'instanceGroupManagers', 'instanceGroupManager'));

const done = (call: Call, group: GroupRecord, method: string): Operation =>
  operate(call, `compute.instanceGroupManagers.${method}`, group.resource);

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
  return done(call, group, 'insert');
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

/** Begins an action on a member; the present VM is the one it concerns. */
function act(call: Call, member: Member, action: MemberAction): void {
  const link = linkTo(call.lab.project, `${call.scope}/instances/${member.name}`);
  const record = call.lab.state.tables.instances[link];
  if (record) member.oldId = String(record.resource.id);
  member.action = action;
  delete member.failure;
}

/** The members that a request names; each must be one of the group's. */
export function membersOf(group: GroupRecord, names: unknown, field = 'instances'): Member[] {
  const given = (names ?? []) as readonly string[];
  if (given.length > 1000) throw invalid(field, given.length, 'At most 1000 instances per request.');
  return given.map((text, index) => {
    const member = group.members[lastOf(text)];
    if (member) return member;
    throw invalid(
      `${field}[${index}]`,
      text,
      `The instance is not a member of managed instance group '${group.resource.name}'.`,
    );
  });
}

function named(call: Call, group: GroupRecord): Member[] {
  const members = membersOf(group, call.body.instances);
  if (members.length > 0) return members;
  throw invalid('instances', [], 'At least one instance must be specified.');
}

function applyUpdates(call: Call): object {
  const group = groupOf(call);
  const { body } = call;
  const all = body.allInstances === true;
  if (all && body.instances !== undefined)
    throw invalid('instances', body.instances, 'Only one of instances and allInstances may be specified.');
  const members = all ? Object.values(group.members) : named(call, group);
  const least = (body.minimalAction ?? 'NONE') as UpdateAction;
  const most = (body.mostDisruptiveAllowedAction ?? 'REPLACE') as UpdateAction;
  if (rank(least) > rank(most))
    throw invalid('minimalAction', least, 'Must not be more disruptive than mostDisruptiveAllowedAction.');
  const plans = members.map((member) => ({
    member,
    action: stronger(least, updateNeeded(call, group, member)),
  }));
  const barred = plans.find(({ action }) => rank(action) > rank(most));
  if (barred)
    throw invalid(
      'mostDisruptiveAllowedAction',
      most,
      `Updating instance '${barred.member.name}' requires ${barred.action}.`,
    );
  for (const { member, action } of plans) update(call, group, member, action);
  return done(call, group, 'applyUpdatesToInstances');
}

/** What brings a VM to its target version and per-instance config. */
function updateNeeded(call: Call, group: GroupRecord, member: Member): UpdateAction {
  const templates = call.lab.state.tables.instanceTemplates;
  const target = targetVersion(group, member.name);
  const properties = (link: Link) => templates[link]?.resource.properties ?? {};
  const config = (member.appliedConfig ?? '') === configText(group.configs[member.name]) ? 'NONE' : 'REFRESH';
  if (target.instanceTemplate === member.version.instanceTemplate) return config;
  const change = neededAction(
    properties(member.version.instanceTemplate),
    properties(target.instanceTemplate),
  );
  return stronger(stronger(config, 'REFRESH'), change);
}

const MEMBER_ACTION = { REFRESH: 'REFRESHING', RESTART: 'RESTARTING', REPLACE: 'RECREATING' } as const;

function update(call: Call, group: GroupRecord, member: Member, action: UpdateAction): void {
  if (action === 'NONE' || member.action === 'DELETING') return;
  if (action === 'REPLACE' && group.resource.updatePolicy?.replacementMethod !== 'RECREATE') {
    act(call, member, 'DELETING');
    addMember(call.lab, group);
    return;
  }
  member.version = targetVersion(group, member.name);
  act(call, member, MEMBER_ACTION[action]);
}

function recreate(call: Call): object {
  const group = groupOf(call);
  for (const member of named(call, group)) {
    member.version = targetVersion(group, member.name);
    act(call, member, 'RECREATING');
  }
  return done(call, group, 'recreateInstances');
}

function deleteInstances(call: Call): object {
  const group = groupOf(call);
  const skip = call.body.skipInstancesOnValidationError === true;
  const given = (call.body.instances ?? []) as readonly string[];
  const wanted = skip ? given.filter((text) => group.members[lastOf(text)] !== undefined) : given;
  const members = membersOf(group, wanted).filter(({ action }) => action !== 'DELETING');
  for (const member of members) act(call, member, 'DELETING');
  group.resource.targetSize = Number(group.resource.targetSize ?? 0) - members.length;
  return done(call, group, 'deleteInstances');
}

function resize(call: Call): object {
  const group = groupOf(call);
  change(call, group, { targetSize: Number(call.params.size) });
  return done(call, group, 'resize');
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

function listManaged(call: Call): object {
  const group = groupOf(call);
  const { lab } = call;
  if (call.params.orderBy !== undefined)
    throw invalid('orderBy', call.params.orderBy, 'orderBy is not supported.');
  const checkedHealth = (group.resource.autoHealingPolicies?.length ?? 0) > 0;
  const views = Object.values(group.members).map((member) => {
    const record = lab.state.tables.instances[linkTo(lab.project, `${call.scope}/instances/${member.name}`)];
    const health = checkedHealth && record ? lab.controller.healthOf(String(record.resource.id)) : undefined;
    return viewMember(group, member, lab.project, lastOf(call.scope), record, health);
  });
  if (group.resource.listManagedInstancesResults !== 'PAGINATED') {
    const keep = parseFilter(call.params.filter);
    return { managedInstances: views.filter(keep) };
  }
  const { items, ...next } = pageOf(views, call.params);
  return { managedInstances: items, ...next };
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

/** A group that is being deleted takes no more changes. */
const alive = (handler: (call: Call) => object) => (call: Call) => {
  if (groupOf(call).deleting)
    throw refuse(
      400,
      'resourceNotReady',
      `The resource '${groupOf(call).resource.name}' is not ready: it is being deleted.`,
    );
  return handler(call);
};

export const groupHandlers: Handlers = {
  'InstanceGroupManagers.Insert': insert,
  'InstanceGroupManagers.Get': (call) => viewGroup(groupOf(call)),
  'InstanceGroupManagers.List': list,
  'InstanceGroupManagers.AggregatedList': aggregate,
  'InstanceGroupManagers.ListManagedInstances': listManaged,
  'InstanceGroupManagers.Delete': alive(remove),
  'InstanceGroupManagers.Patch': alive((call) => {
    change(call, groupOf(call), call.body);
    return done(call, groupOf(call), 'patch');
  }),
  'InstanceGroupManagers.SetInstanceTemplate': alive((call) => {
    const { instanceTemplate } = call.body;
    if (!instanceTemplate) throw invalid('instanceTemplate', '', 'An instance template must be specified.');
    change(call, groupOf(call), { instanceTemplate });
    return done(call, groupOf(call), 'setInstanceTemplate');
  }),
  'InstanceGroupManagers.Resize': alive(resize),
  'InstanceGroupManagers.ApplyUpdatesToInstances': alive(applyUpdates),
  'InstanceGroupManagers.RecreateInstances': alive(recreate),
  'InstanceGroupManagers.DeleteInstances': alive(deleteInstances),
};
