/** What GCE's answers about one zonal group mean to a rollout. Pure. */
import { METADATA } from '../../configs/naming.ts';
import type { GceAnswer } from '../../lib/gce.ts';
import type { Leftover } from '../core/findings.ts';
import type { CloudRelay, Target, Vm } from '../core/fleet.ts';
import { readCordon, readForce, readLeave } from '../core/labels.ts';

export type Group = GceAnswer<'instanceGroupManagers', 'get'>;
export type ManagedInstance = GceAnswer<'instanceGroupManagers', 'listManagedInstances'>[number];
export type InstanceConfig = GceAnswer<'instanceGroupManagers', 'listPerInstanceConfigs'>[number];
export type Instance = GceAnswer<'instances', 'list'>[number];
export type Template = GceAnswer<'instanceTemplates', 'get'>;

/** `https://…/zones/z/instances/relay-1` → `relay-1`; empty for an absent link. */
export function lastSegment(link: string | null | undefined): string {
  return link?.split('/').at(-1) ?? '';
}

/**
 * The template that a group wants. One of its versions must leave the size open, and that one counts; a version with a
 * fixed size is a canary of somebody else (GCE: instanceGroupManagers, `versions[].targetSize`).
 */
export function targetTemplate(group: Group): string {
  const open = group.versions?.find(
    ({ targetSize }) =>
      (targetSize?.fixed ?? undefined) === undefined && (targetSize?.percent ?? undefined) === undefined,
  );
  return lastSegment(open?.instanceTemplate) || lastSegment(group.instanceTemplate);
}

/** The image that a template boots, and the RTPEngine version that its name tells (configs/naming.ts, `imageName`). */
export function imageOf(template: Template): {
  readonly image: string;
  readonly version: string | undefined;
} {
  const disks = template.properties?.disks ?? [];
  const boot = disks.find((disk) => disk.boot === true) ?? disks[0];
  const image = lastSegment(boot?.initializeParams?.sourceImage);
  const digits = /^rtpengine-mr(\d+(?:-\d+)*)-[a-z]/.exec(image)?.[1];
  return { image, version: digits === undefined ? undefined : `mr${digits.replaceAll('-', '.')}` };
}

/** A value of a template's metadata. */
export function templateMetadata(template: Template, key: string): string | undefined {
  const items = template.properties?.metadata?.items ?? [];
  return items.find((item) => item.key === key)?.value ?? undefined;
}

/** Actions of a group that leave a VM running: VERIFYING waits for its health check, REFRESHING changes its metadata. */
const AT_REST: ReadonlySet<string> = new Set(['NONE', 'VERIFYING', 'REFRESHING']);

export function relayOf(
  zone: string,
  managed: ManagedInstance,
  instance: Instance | undefined,
  configs: readonly InstanceConfig[],
  target: Target,
  version: string | undefined,
): CloudRelay {
  const name = lastSegment(managed.instance);
  const id = instance?.id ? String(instance.id) : undefined;
  return {
    zone,
    name,
    id,
    address: instance?.networkInterfaces?.[0]?.networkIP ?? undefined,
    vm: vmOf(managed, instance),
    template: lastSegment(managed.version?.instanceTemplate) || undefined,
    onTarget: lastSegment(managed.version?.instanceTemplate) === target.template,
    version,
    cordon: readCordon(instance?.labels ?? {}),
    leave: readLeave(instance?.labels ?? {}),
    forcedBy: readForce(instance?.labels ?? {}),
    awaitsController: configs.some((config) => config.name === name && isHeld(config)),
  };
}

function vmOf(managed: ManagedInstance, instance: Instance | undefined): Vm {
  const action = String(managed.currentAction ?? 'NONE');
  const status = String(instance?.status ?? managed.instanceStatus ?? '') || 'no VM';
  // Between two reads the group may have made a new VM: then the two answers are about different ones.
  const sameVm =
    instance !== undefined && (!Number(managed.id) || String(managed.id) === String(instance.id));
  const created = Date.parse(instance?.creationTimestamp ?? '');
  return {
    state: AT_REST.has(action) && status === 'RUNNING' && sameVm ? 'ready' : 'changing',
    detail: `${action} ${status}`,
    createdAt: Number.isNaN(created) ? undefined : created,
  };
}

/** A deleted configuration stays listed until its deletion is applied (GCE: PerInstanceConfig.status). */
const GOING: ReadonlySet<string> = new Set(['UNAPPLIED_DELETION', 'DELETING']);

export function isGoing(config: InstanceConfig): boolean {
  return GOING.has(String(config.status ?? ''));
}

/** Is the VM born cordoned, or would a reboot cordon it: is there anything left to release? */
export function isHeld(config: InstanceConfig): boolean {
  if (config.status === 'DELETING') return false;
  return config.preservedState?.metadata?.[METADATA.admission] === 'controller';
}

/**
 * What nobody will clear away by itself: a VM that would be born cordoned at its next reboot although its group no
 * longer holds it, and a configuration of a relay that is not there.
 */
export function leftoversOf(
  zone: string,
  managed: readonly ManagedInstance[],
  configs: readonly InstanceConfig[],
  instances: readonly Instance[],
): readonly Leftover[] {
  const names = new Set(managed.map(({ instance }) => lastSegment(instance)));
  const held = new Set(configs.filter(isHeld).map(({ name }) => name));
  const orphans = configs.filter((config) => !names.has(config.name ?? '') && !isGoing(config));
  const reborn = instances.filter(
    ({ name, metadata }) =>
      names.has(name ?? '') &&
      !held.has(name) &&
      metadata?.items?.some(({ key, value }) => key === METADATA.admission && value === 'controller'),
  );
  return [
    ...reborn.map(({ name }) => ({ zone, name: name ?? '', kind: 'metadata' as const })),
    ...orphans.map(({ name }) => ({ zone, name: name ?? '', kind: 'configuration' as const })),
  ];
}

/** Does a per-instance configuration keep anything but ours? */
export function keepsMore({ preservedState }: InstanceConfig): boolean {
  const { metadata, disks, internalIPs, externalIPs } = preservedState ?? {};
  const others = Object.keys(metadata ?? {}).filter((key) => key !== METADATA.admission);
  return (
    others.length + [disks, internalIPs, externalIPs].flatMap((map) => Object.keys(map ?? {})).length > 0
  );
}
