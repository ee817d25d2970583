/** The fleet's groups on GCE, through the one door to it (`lib/gce.ts`). */
import { groupName, METADATA } from '../../configs/naming.ts';
import { FleetError, isFleetError } from '../../lib/errors.ts';
import type { Gce } from '../../lib/gce.ts';
import { CORDON_LABELS, cordonLabels } from '../core/labels.ts';
import type { Cloud, VmRef, ZoneView } from '../ports.ts';
import { settled } from '../settled.ts';
import type { Instance } from './gce-view.ts';
import {
  imageOf,
  isGoing,
  isHeld,
  keepsMore,
  lastSegment,
  relayOf,
  reportOf,
  targetTemplate,
  templateMetadata,
} from './gce-view.ts';

type TemplateFacts = {
  readonly image: string;
  readonly version: string | undefined;
  /** `host:port/db` of the relays' Redis. */
  readonly redis: string | undefined;
};

export type GceFleet = Cloud & {
  /** `host:port/db` of the Redis that the relays of this zone's target use; undefined: none. */
  readonly redis: (zone: string) => Promise<string | undefined>;
};

export function gceFleet(gce: Gce, fleet: string): GceFleet {
  const templateOf = templateReader(gce);
  const group = (zone: string) => ({ zone, instanceGroupManager: groupName(fleet, zone) });
  return {
    readZone: (zone) => readZone(gce, fleet, zone, templateOf),
    readReport: (vm) => readReport(gce, vm),
    mark: async (vm, cordon) =>
      await setLabels(gce, vm, (labels) => ({ ...labels, ...cordonLabels(cordon) })),
    unmark: async (vm) =>
      await setLabels(gce, vm, (labels) =>
        Object.fromEntries(Object.entries(labels).filter(([key]) => !CORDON_LABELS.includes(key))),
      ),
    awaitController: async ({ zone, name }) => await patchAdmission(gce, group(zone), name, 'controller'),
    release: async ({ zone, name }) => await release(gce, group(zone), name),
    replace: async (vm) => await replace(gce, group(vm.zone), vm),
    redis: async (zone) => {
      const found = await gce.call('instanceGroupManagers', 'get', group(zone)).catch(noGroup(fleet, zone));
      return (await templateOf(targetTemplate(found)))?.redis;
    },
  };
}

type GroupRef = { readonly zone: string; readonly instanceGroupManager: string };
type ReadTemplate = (name: string) => Promise<TemplateFacts | undefined>;

/** Templates never change, so each is read once. A template that is gone tells nothing about its relays. */
function templateReader(gce: Gce): ReadTemplate {
  const known = new Map<string, Promise<TemplateFacts | undefined>>();
  const read = async (name: string): Promise<TemplateFacts | undefined> => {
    try {
      const template = await gce.call('instanceTemplates', 'get', { instanceTemplate: name });
      return { ...imageOf(template), redis: templateMetadata(template, METADATA.redis) };
    } catch (error) {
      known.delete(name);
      if (isFleetError(error) && error.code === 'gce-not-found') return undefined;
      throw error;
    }
  };
  return (name) => {
    const found = known.get(name) ?? read(name);
    known.set(name, found);
    return found;
  };
}

async function readZone(gce: Gce, fleet: string, zone: string, templateOf: ReadTemplate): Promise<ZoneView> {
  const ref = { zone, instanceGroupManager: groupName(fleet, zone) };
  const [group, managed, configs, instances] = await settled([
    gce.call('instanceGroupManagers', 'get', ref).catch(noGroup(fleet, zone)),
    gce.call('instanceGroupManagers', 'listManagedInstances', ref),
    gce.call('instanceGroupManagers', 'listPerInstanceConfigs', ref),
    gce.call('instances', 'list', { zone }),
  ]);
  const template = targetTemplate(group);
  const facts = await templateOf(template);
  const target = { zone, template, image: facts?.image ?? '', version: facts?.version };
  const byName = new Map<string, Instance>(instances.map((instance) => [instance.name ?? '', instance]));
  const relays = await settled(
    managed.map(async (one) => {
      const own = lastSegment(one.version?.instanceTemplate);
      const version = own === '' ? undefined : (await templateOf(own))?.version;
      return relayOf(zone, one, byName.get(lastSegment(one.instance)), configs, target, version);
    }),
  );
  return { target, relays };
}

async function readReport(gce: Gce, { zone, name }: VmRef) {
  try {
    return reportOf(
      await gce.call('instances', 'getGuestAttributes', { zone, instance: name, queryPath: 'rtpfleet/' }),
    );
  } catch (error) {
    // GCE answers 404 until the VM has written its first one.
    if (isFleetError(error) && error.code === 'gce-not-found')
      return { version: undefined, health: undefined };
    throw error;
  }
}

type Labels = Readonly<Record<string, string>>;

/** Read, change, write under the fingerprint that was read: somebody else's change in between is a `retry`. */
async function setLabels(gce: Gce, vm: VmRef, change: (labels: Labels) => Labels): Promise<void> {
  const { zone, name, id } = vm;
  const instance = await gce.call('instances', 'get', { zone, instance: name });
  if (String(instance.id) !== id) throw vmChanged(vm);
  const labels = change(instance.labels ?? {});
  const instancesSetLabelsRequestResource = { labels, labelFingerprint: instance.labelFingerprint ?? '' };
  await gce.done(
    await gce.call('instances', 'setLabels', { zone, instance: name, instancesSetLabelsRequestResource }),
  );
}

async function patchAdmission(
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
async function release(gce: Gce, group: GroupRef, name: string): Promise<void> {
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
async function replace(gce: Gce, group: GroupRef, vm: VmRef): Promise<void> {
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

function vmChanged({ name, zone, id }: VmRef): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'vm-changed',
    message: `${name} in ${zone} is another VM than ${id} by now`,
    facts: { name, zone, id },
  });
}

function noGroup(fleet: string, zone: string): (error: unknown) => never {
  return (error) => {
    if (!isFleetError(error) || error.code !== 'gce-not-found') throw error;
    throw new FleetError({
      kind: 'stop',
      code: 'no-group',
      message: `Zone ${zone} has no instance group ${groupName(fleet, zone)}.`,
      hint: 'Create the fleet first: pulumi up.',
      cause: error,
    });
  };
}
