/** What a rollout changes on one VM of a group: its labels, its per-instance configuration, the VM itself. */
import { METADATA } from '../../configs/naming.ts';
import { FleetError } from '../../lib/errors.ts';
import type { Gce } from '../../lib/gce.ts';
import type { VmRef } from '../ports.ts';
import { settled } from '../settled.ts';
import { isGoing, isHeld, keepsMore, lastSegment, targetTemplate } from './gce-view.ts';

export type GroupRef = { readonly zone: string; readonly instanceGroupManager: string };

type Labels = Readonly<Record<string, string>>;

/** Read, change, write under the fingerprint that was read: somebody else's change in between is a `retry`. */
export async function setLabels(gce: Gce, vm: VmRef, change: (labels: Labels) => Labels): Promise<void> {
  const { zone, name, id } = vm;
  const instance = await gce.call('instances', 'get', { zone, instance: name });
  if (String(instance.id) !== id) throw vmChanged(vm);
  const labels = change(instance.labels ?? {});
  const instancesSetLabelsRequestResource = { labels, labelFingerprint: instance.labelFingerprint ?? '' };
  await gce.done(
    await gce.call('instances', 'setLabels', { zone, instance: name, instancesSetLabelsRequestResource }),
  );
}

export async function patchAdmission(
  gce: Gce,
  group: GroupRef,
  name: string,
  value: 'controller' | 'self',
): Promise<void> {
  const perInstanceConfigs = [{ name, preservedState: { metadata: { [METADATA.admission]: value } } }];
  const operation = await gce.call('instanceGroupManagers', 'patchPerInstanceConfigs', {
    ...group,
    instanceGroupManagersPatchPerInstanceConfigsReqResource: { perInstanceConfigs },
  });
  await gce.done(operation);
}

/**
 * The configuration goes, and then its metadata from the VM, in place: a VM that still had it would come back cordoned
 * from its next reboot. A configuration that keeps a disk or an address as well is not ours to delete: only its
 * admission is changed.
 */
export async function release(gce: Gce, group: GroupRef, name: string): Promise<void> {
  const configs = await gce.call('instanceGroupManagers', 'listPerInstanceConfigs', group);
  const config = configs.find((one) => one.name === name && isHeld(one));
  if (config === undefined) return;
  if (keepsMore(config)) await patchAdmission(gce, group, name, 'self');
  else if (!isGoing(config)) {
    const operation = await gce.call('instanceGroupManagers', 'deletePerInstanceConfigs', {
      ...group,
      instanceGroupManagersDeletePerInstanceConfigsReqResource: { names: [name] },
    });
    await gce.done(operation);
  }
  await refresh(gce, group, name);
}

/** Applies what needs no restart. A VM that its group wants otherwise by now is left as it is: it is replaced anyway. */
async function refresh(gce: Gce, group: GroupRef, name: string): Promise<void> {
  const [found, managed] = await settled([
    gce.call('instanceGroupManagers', 'get', group),
    gce.call('instanceGroupManagers', 'listManagedInstances', group),
  ]);
  const one = managed.find(({ instance }) => lastSegment(instance) === name);
  if (one === undefined || lastSegment(one.version?.instanceTemplate) !== targetTemplate(found)) return;
  const operation = await gce.call('instanceGroupManagers', 'applyUpdatesToInstances', {
    ...group,
    instanceGroupManagersApplyUpdatesRequestResource: {
      instances: [one.instance ?? ''],
      minimalAction: 'NONE',
      mostDisruptiveAllowedAction: 'REFRESH',
    },
  });
  await gce.done(operation);
}

/**
 * `applyUpdatesToInstances` has no requestId and is not held back by the group's own limits, and with REPLACE it
 * re-creates a VM that is up to date as well: so look first, and send it for this VM only while it is the old one.
 */
export async function replace(gce: Gce, group: GroupRef, vm: VmRef): Promise<void> {
  const [found, managed] = await settled([
    gce.call('instanceGroupManagers', 'get', group),
    gce.call('instanceGroupManagers', 'listManagedInstances', group),
  ]);
  const one = managed.find(({ instance }) => lastSegment(instance) === vm.name);
  if (one === undefined) throw vmChanged(vm);
  if (String(one.currentAction ?? 'NONE') !== 'NONE') return;
  if (lastSegment(one.version?.instanceTemplate) === targetTemplate(found)) return;
  if (String(one.id) !== vm.id) throw vmChanged(vm);
  const operation = await gce.call('instanceGroupManagers', 'applyUpdatesToInstances', {
    ...group,
    instanceGroupManagersApplyUpdatesRequestResource: {
      instances: [one.instance ?? ''],
      minimalAction: 'REPLACE',
      mostDisruptiveAllowedAction: 'REPLACE',
    },
  });
  await gce.done(operation);
}

/** A patch of `versions` alone; the group is OPPORTUNISTIC, so that no relay moves by it. */
export async function setTarget(gce: Gce, group: GroupRef, template: string): Promise<void> {
  const found = await gce.call('instanceTemplates', 'get', { instanceTemplate: template });
  const versions = [{ instanceTemplate: found.selfLink ?? '' }];
  const operation = await gce.call('instanceGroupManagers', 'patch', {
    ...group,
    instanceGroupManagerResource: { versions },
  });
  await gce.done(operation);
}

function vmChanged({ name, zone, id }: VmRef): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'vm-changed',
    message: `${name} in ${zone} is another VM than ${id} by now`,
    facts: { name, zone, id },
  });
}
