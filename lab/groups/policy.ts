/** What GCE checks of a managed group, and what it fills in. Texts are GCE's where they are known (Google's public issue logs). Pure. */
import { linkTo, readLink } from '../links.ts';
import { invalid, unsupported } from '../refusal.ts';
import type { InstanceGroupManager, Link } from '../types.ts';
import type { GroupRecord, Version } from './types.ts';

/** Fields of a group that ask for something the lab does not do. */
const BEYOND: readonly (keyof InstanceGroupManager)[] = [
  'distributionPolicy',
  'instanceFlexibilityPolicy',
  'resourcePolicies',
  'targetPools',
];
const BASE_NAME = /^[a-z](([-a-z0-9]{0,57})|([-a-z0-9]{0,51}-#{1,10}(\[[0-9]{1,10}\])?))$/;

/** Has it a stateful policy or a per-instance config? Then PROACTIVE updates are refused. */
export function isStateful({ resource, configs }: Pick<GroupRecord, 'resource' | 'configs'>): boolean {
  return hasStatefulPolicy(resource) || Object.keys(configs).length > 0;
}

export function hasStatefulPolicy({ statefulPolicy }: InstanceGroupManager): boolean {
  const { disks, externalIPs, internalIPs } = statefulPolicy?.preservedState ?? {};
  return [disks, externalIPs, internalIPs].some((map) => Object.keys(map ?? {}).length > 0);
}

/** Checks a new or changed group and fills in GCE's defaults. `project` and `zone` resolve its references. */
export function completeGroup(
  wanted: InstanceGroupManager,
  configs: GroupRecord['configs'],
  project: string,
): InstanceGroupManager {
  const beyond = BEYOND.find((key) => isGiven(wanted[key]));
  if (beyond !== undefined) throw unsupported(`a managed group with ${beyond}`);
  if (!BASE_NAME.test(wanted.baseInstanceName ?? ''))
    throw invalid(
      'resource.baseInstanceName',
      wanted.baseInstanceName ?? '',
      'Must match [a-z]([-a-z0-9]{0,57}), or end in -###.',
    );
  const targetSize = Number(wanted.targetSize ?? 0);
  if (targetSize < 0 || targetSize > 1000)
    throw invalid('resource.targetSize', targetSize, 'Must be 0 to 1000.');
  const versions = completeVersions(wanted, project, targetSize);
  const resource: InstanceGroupManager = {
    ...wanted,
    targetSize,
    versions,
    instanceTemplate: defaultVersion(versions).instanceTemplate ?? '',
    updatePolicy: completeUpdatePolicy(wanted),
    instanceLifecyclePolicy: {
      defaultActionOnFailure: 'REPAIR',
      forceUpdateOnRepair: 'NO',
      onFailedHealthCheck: 'DEFAULT_ACTION',
      ...wanted.instanceLifecyclePolicy,
    },
    listManagedInstancesResults: wanted.listManagedInstancesResults ?? 'PAGELESS',
    standbyPolicy: { mode: 'MANUAL', ...wanted.standbyPolicy },
    targetSizePolicy: { mode: 'INDIVIDUAL', ...wanted.targetSizePolicy },
    targetStoppedSize: 0,
    targetSuspendedSize: 0,
  };
  checkPolicies(resource, configs, targetSize);
  return resource;
}

const isGiven = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;

type Versions = NonNullable<InstanceGroupManager['versions']>;

const defaultVersion = (versions: Versions) => versions.find(({ targetSize }) => !hasSize(targetSize)) ?? {};

function hasSize(size: Versions[number]['targetSize']): boolean {
  return size?.fixed != null || size?.percent != null;
}

function completeVersions(wanted: InstanceGroupManager, project: string, size: number): Versions {
  const template: Versions = wanted.instanceTemplate ? [{ instanceTemplate: wanted.instanceTemplate }] : [];
  const asked = wanted.versions?.length ? wanted.versions : template;
  const unsized = asked.filter(({ targetSize }) => !hasSize(targetSize)).length;
  if (unsized !== 1)
    throw invalid('resource.versions', asked.length, 'Exactly one version must leave targetSize unset.');
  const sized = asked.map((version) => {
    const link = readLink(
      'resource.versions.instanceTemplate',
      version.instanceTemplate ?? '',
      project,
      'global',
      'instanceTemplates',
    );
    return { ...version, instanceTemplate: link };
  });
  if (new Set(sized.map(({ instanceTemplate }) => instanceTemplate)).size < sized.length)
    throw invalid('resource.versions', sized.length, 'Instance templates of versions must be different.');
  const counts = sized.map(({ targetSize }) => (hasSize(targetSize) ? sizeOf(targetSize, size) : 0));
  const rest = Math.max(0, size - counts.reduce((sum, count) => sum + count, 0));
  return sized.map((version, index) => ({
    ...version,
    targetSize: {
      ...version.targetSize,
      calculated: hasSize(version.targetSize) ? (counts[index] ?? 0) : rest,
    },
  }));
}

/** A FixedOrPercent as a number of VMs; a percentage rounds up. */
function sizeOf(size: { fixed?: unknown; percent?: unknown } | null | undefined, total: number): number {
  if (size?.percent != null) return Math.ceil((Number(size.percent) * total) / 100);
  return Number(size?.fixed ?? 0);
}

function completeUpdatePolicy(
  wanted: InstanceGroupManager,
): NonNullable<InstanceGroupManager['updatePolicy']> {
  const policy = wanted.updatePolicy ?? {};
  const total = Number(wanted.targetSize ?? 0);
  const calculated = (size: typeof policy.maxSurge) => {
    const { calculated: _old, ...given } = size ?? { fixed: 1 };
    return { ...given, calculated: sizeOf(given, total) };
  };
  return {
    type: 'OPPORTUNISTIC',
    minimalAction: 'REPLACE',
    mostDisruptiveAllowedAction: 'REPLACE',
    replacementMethod: 'SUBSTITUTE',
    ...policy,
    maxSurge: calculated(policy.maxSurge),
    maxUnavailable: calculated(policy.maxUnavailable),
  };
}

const POLICY = 'resource.updatePolicy';

function checkPolicies(resource: InstanceGroupManager, configs: GroupRecord['configs'], size: number): void {
  const policy = resource.updatePolicy ?? {};
  const surge = policy.maxSurge?.calculated ?? 0;
  if (policy.type === 'PROACTIVE') {
    if (isStateful({ resource, configs }))
      throw invalid(
        `${POLICY}.type`,
        'PROACTIVE',
        'UpdatePolicy with type set to PROACTIVE is not allowed when Stateful is used (instanceGroupManager has statefulPolicy or perInstanceConfigs). Set updatePolicy.type to OPPORTUNISTIC to apply this update.',
      );
    throw unsupported('a managed group with updatePolicy.type PROACTIVE');
  }
  if (policy.replacementMethod === 'RECREATE' && surge > 0)
    throw invalid(
      `${POLICY}.maxSurge`,
      surge,
      'maxSurge must be equal to 0 when replacement method is set to RECREATE',
    );
  if (surge === 0 && (policy.maxUnavailable?.calculated ?? 0) === 0 && size > 0)
    throw invalid(`${POLICY}.maxUnavailable`, 0, 'Either maxSurge or maxUnavailable must be greater than 0.');
  for (const key of ['maxSurge', 'maxUnavailable'] as const)
    if (policy[key]?.percent != null && size < 10)
      throw invalid(
        `${POLICY}.${key}.percent`,
        policy[key]?.percent,
        'Percent is allowed only for groups of 10 or more.',
      );
  checkHealing(resource);
  checkPreserved(resource);
}

function checkHealing({ autoHealingPolicies }: InstanceGroupManager): void {
  if ((autoHealingPolicies?.length ?? 0) > 1)
    throw invalid(
      'resource.autoHealingPolicies',
      autoHealingPolicies?.length,
      'At most one policy is allowed.',
    );
  const delay = autoHealingPolicies?.[0]?.initialDelaySec ?? 0;
  if (delay < 0 || delay > 3600)
    throw invalid('resource.autoHealingPolicies[0].initialDelaySec', delay, 'Must be 0 to 3600.');
}

function checkPreserved({ statefulPolicy }: InstanceGroupManager): void {
  const preserved = statefulPolicy?.preservedState;
  if (Object.keys(preserved?.disks ?? {}).length > 0) throw unsupported('a stateful policy for disks');
  for (const kind of ADDRESS_KINDS) {
    const other = Object.keys(preserved?.[kind] ?? {}).find((nic) => nic !== 'nic0');
    if (other !== undefined)
      throw invalid(`resource.statefulPolicy.preservedState.${kind}`, other, 'Instances have only nic0.');
  }
}

/** The version that a member gets by its next update: canaries up to their size, then the default one. */
export function targetVersion(group: GroupRecord, name: string): Version {
  const versions = group.resource.versions ?? [];
  const others = Object.values(group.members).filter(
    (member) => member.name !== name && member.action !== 'DELETING',
  );
  const own = group.members[name]?.version.instanceTemplate;
  const open = versions.filter((version) => {
    const have = others.filter(
      (member) => member.version.instanceTemplate === version.instanceTemplate,
    ).length;
    return hasSize(version.targetSize) && have < (version.targetSize?.calculated ?? 0);
  });
  const kept = open.find(({ instanceTemplate }) => instanceTemplate === own);
  const chosen = kept ?? open[0] ?? defaultVersion(versions);
  return { ...(chosen.name ? { name: chosen.name } : {}), instanceTemplate: chosen.instanceTemplate ?? '' };
}

/** The two kinds of addresses that a stateful policy can keep, as it names them. */
export const ADDRESS_KINDS = ['internalIPs', 'externalIPs'] as const;
export type AddressKind = (typeof ADDRESS_KINDS)[number];

/** Does the group keep addresses of this kind? With what rule? */
export function addressRule({ statefulPolicy }: InstanceGroupManager, kind: AddressKind): string | undefined {
  const rule = statefulPolicy?.preservedState?.[kind]?.nic0;
  return rule == null ? undefined : (rule.autoDelete ?? 'NEVER');
}

/**
 * Does a VM of this group keep its address? An external address of the lab is the internal one (lab/resources/instance-nic.ts), so
 * keeping either keeps both.
 */
export function keepsAddress(resource: InstanceGroupManager): boolean {
  return ADDRESS_KINDS.some((kind) => addressRule(resource, kind) !== undefined);
}

export const groupLink = (project: string, zone: string, name: string): Link =>
  linkTo(project, `zones/${zone}/instanceGroupManagers/${name}`);
