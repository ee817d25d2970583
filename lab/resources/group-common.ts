/** What the handlers of managed groups and of their members share. */
import type { GroupRecord, Member, MemberAction } from '../groups/types.ts';
import { lastOf, linkTo } from '../links.ts';
import { invalid, refuse } from '../refusal.ts';
import type { Operation } from '../types.ts';
import type { Call } from './call.ts';
import { entryOf, linkOf, operate } from './call.ts';

export const groupOf = (call: Call): GroupRecord =>
  entryOf(
    call.lab.state.tables.instanceGroupManagers,
    linkOf(call, 'instanceGroupManagers', 'instanceGroupManager'),
  );

/** The operation of a mutation whose intent is recorded. */
export const done = (call: Call, method: string): Operation =>
  operate(call, `compute.instanceGroupManagers.${method}`, groupOf(call).resource);

/** A group that is being deleted takes no more changes. */
export const alive = (handler: (call: Call) => object) => (call: Call) => {
  if (groupOf(call).deleting)
    throw refuse(
      400,
      'resourceNotReady',
      `The resource '${groupOf(call).resource.name}' is not ready: it is being deleted.`,
    );
  return handler(call);
};

/** Begins an action on a member; the present VM is the one it concerns. */
export function act(call: Call, member: Member, action: MemberAction): void {
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
