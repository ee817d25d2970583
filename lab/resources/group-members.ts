/** What clients do with the VMs of a managed group: update, re-create, delete them by name, and watch them. */
import { addMember } from '../groups/controller.ts';
import { targetVersion } from '../groups/policy.ts';
import type { GroupRecord, Member } from '../groups/types.ts';
import type { UpdateAction } from '../groups/update.ts';
import { neededAction, rank, stronger } from '../groups/update.ts';
import { configText, viewMember } from '../groups/view.ts';
import { lastOf, linkTo } from '../links.ts';
import { invalid } from '../refusal.ts';
import type { Link } from '../types.ts';
import type { Call, Handlers } from './call.ts';
import { parseFilter } from './filter.ts';
import { act, alive, done, groupOf, membersOf } from './group-common.ts';
import { pageOf } from './list.ts';

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
  return done(call, 'applyUpdatesToInstances');
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
  return done(call, 'recreateInstances');
}

function deleteInstances(call: Call): object {
  const group = groupOf(call);
  const skip = call.body.skipInstancesOnValidationError === true;
  const given = (call.body.instances ?? []) as readonly string[];
  const wanted = skip ? given.filter((text) => group.members[lastOf(text)] !== undefined) : given;
  const members = membersOf(group, wanted).filter(({ action }) => action !== 'DELETING');
  for (const member of members) act(call, member, 'DELETING');
  group.resource.targetSize = Number(group.resource.targetSize ?? 0) - members.length;
  return done(call, 'deleteInstances');
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

export const groupMemberHandlers: Handlers = {
  'InstanceGroupManagers.ListManagedInstances': listManaged,
  'InstanceGroupManagers.ApplyUpdatesToInstances': alive(applyUpdates),
  'InstanceGroupManagers.RecreateInstances': alive(recreate),
  'InstanceGroupManagers.DeleteInstances': alive(deleteInstances),
};
