/** A group and its members as GCE shows them. Pure. */
import { fingerprintOf } from '../context.ts';
import { linkTo } from '../links.ts';
import type { InstanceRecord } from '../state.ts';
import type {
  InstanceGroupManager,
  Link,
  ManagedInstance,
  PerInstanceConfig,
  PreservedState,
} from '../types.ts';
import { ADDRESS_KINDS, addressRule, hasStatefulPolicy, isStateful, targetVersion } from './policy.ts';
import type { Config, GroupRecord, Health, Member } from './types.ts';

/** GCE's counters, in the order that it shows them; the lab does not do all of them, but shows all. */
const COUNTERS = {
  none: 'NONE',
  creating: 'CREATING',
  creatingWithoutRetries: 'CREATING_WITHOUT_RETRIES',
  recreating: 'RECREATING',
  deleting: 'DELETING',
  abandoning: 'ABANDONING',
  restarting: 'RESTARTING',
  refreshing: 'REFRESHING',
  verifying: 'VERIFYING',
  stopping: 'STOPPING',
  suspending: 'SUSPENDING',
  starting: 'STARTING',
  resuming: 'RESUMING',
} as const;

/** What the client last read: guards a patch. Only what clients set counts. */
export function groupFingerprint(resource: InstanceGroupManager): string {
  return fingerprintOf(resource);
}

/** The group with what is computed: fingerprint, counters, status. */
export function viewGroup(group: GroupRecord): InstanceGroupManager {
  const members = Object.values(group.members);
  const count = (action: string): number => members.filter((member) => member.action === action).length;
  const counters = Object.entries(COUNTERS).map(([key, action]) => [key, count(action)] as const);
  const idle = members.every(({ action }) => action === 'NONE');
  return {
    ...group.resource,
    fingerprint: groupFingerprint(group.resource),
    currentActions: Object.fromEntries(counters),
    status: {
      isStable: idle && members.length === Number(group.resource.targetSize ?? 0) && group.deleting !== true,
      versionTarget: { isReached: members.every((member) => isAtTarget(group, member)) },
      allInstancesConfig: { effective: true },
      stateful: {
        hasStatefulConfig: isStateful(group),
        perInstanceConfigs: {
          allEffective: Object.keys(group.configs).every((name) => configStatus(group, name) === 'EFFECTIVE'),
        },
      },
    },
  };
}

function isAtTarget(group: GroupRecord, member: Member): boolean {
  const target = targetVersion(group, member.name);
  return member.action !== 'RECREATING' && member.version.instanceTemplate === target.instanceTemplate;
}

/** Text that tells whether a VM was made with the present per-instance config; absent and deleted are the same. */
export function configText(config: Config | undefined): string {
  return config === undefined || config.deleted ? '' : JSON.stringify(config.preservedState);
}

export function configStatus(group: GroupRecord, name: string): string {
  const config = group.configs[name];
  const member = group.members[name];
  const applied = member !== undefined && (member.appliedConfig ?? '') === configText(config);
  const busy = member !== undefined && member.action !== 'NONE' && member.action !== 'VERIFYING';
  if (config?.deleted) return busy ? 'DELETING' : 'UNAPPLIED_DELETION';
  if (applied) return 'EFFECTIVE';
  return busy ? 'APPLYING' : 'UNAPPLIED';
}

export function viewConfig(group: GroupRecord, name: string): PerInstanceConfig {
  const preservedState = group.configs[name]?.preservedState ?? {};
  return {
    name,
    preservedState,
    fingerprint: fingerprintOf(preservedState),
    status: configStatus(group, name),
  };
}

/** One of `listManagedInstances`: `id` and `instanceStatus` are absent while there is no VM. */
export function viewMember(
  group: GroupRecord,
  member: Member,
  project: string,
  zone: string,
  record: InstanceRecord | undefined,
  health: Health | undefined,
): ManagedInstance {
  const { failure, name, version } = member;
  const fromPolicy = policyState(group, member);
  const fromConfig = group.configs[name];
  return {
    instance: instanceLink(project, zone, name),
    name,
    currentAction: member.action,
    version: { ...version },
    lastAttempt:
      failure === undefined ? {} : { errors: { errors: [{ code: failure.code, message: failure.message }] } },
    propertiesFromFlexibilityPolicy: {},
    targetStatus: 'RUNNING',
    ...(record === undefined
      ? {}
      : { id: String(record.resource.id), instanceStatus: record.resource.status ?? '' }),
    ...(fromPolicy === undefined ? {} : { preservedStateFromPolicy: fromPolicy }),
    ...(fromConfig === undefined || fromConfig.deleted
      ? {}
      : { preservedStateFromConfig: fromConfig.preservedState }),
    ...(record === undefined || health === undefined ? {} : { instanceHealth: [viewHealth(group, health)] }),
  };
}

export const instanceLink = (project: string, zone: string, name: string): Link =>
  linkTo(project, `zones/${zone}/instances/${name}`);

function viewHealth(group: GroupRecord, { state }: Health) {
  return {
    healthCheck: group.resource.autoHealingPolicies?.[0]?.healthCheck ?? '',
    detailedHealthState: state,
  };
}

function policyState(group: GroupRecord, { address }: Member): PreservedState | undefined {
  if (!hasStatefulPolicy(group.resource) || address === undefined) return undefined;
  const kept = ADDRESS_KINDS.flatMap((kind) => {
    const autoDelete = addressRule(group.resource, kind);
    return autoDelete === undefined
      ? []
      : [[kind, { nic0: { autoDelete, ipAddress: { literal: address } } }]];
  });
  return Object.fromEntries(kept) as PreservedState;
}
