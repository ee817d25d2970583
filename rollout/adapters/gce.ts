/** The fleet's groups on GCE, through the one door to it (`lib/gce.ts`). */
import { groupName, LABEL, METADATA } from '../../configs/naming.ts';
import { FleetError, isFleetError } from '../../lib/errors.ts';
import type { Gce } from '../../lib/gce.ts';
import type { Leftover } from '../core/findings.ts';
import type { Leave } from '../core/fleet.ts';
import { CORDON_LABELS, cordonLabels, forceLabels, LEAVE_LABELS, leaveLabels } from '../core/labels.ts';
import type { Template } from '../core/rollback.ts';
import type { Cloud, VmRef, ZoneView } from '../ports.ts';
import { settled } from '../settled.ts';
import { floatingOf, readRules } from './gce-floating.ts';
import { readTemplates } from './gce-templates.ts';
import type { Instance } from './gce-view.ts';
import { imageOf, lastSegment, leftoversOf, relayOf, targetTemplate, templateMetadata } from './gce-view.ts';
import { patchAdmission, release, replace, setLabels, setTarget } from './gce-vm.ts';
import type { Trouble } from './preflight/trouble.ts';
import { reportOf } from './self-report.ts';

type TemplateFacts = {
  readonly image: string;
  readonly version: string | undefined;
  readonly redis: TemplateRedis | undefined;
};

/** The relays' Redis, as a template names it. */
export type TemplateRedis = {
  /** `host:port/db` */
  readonly at: string;
  /** URL at which Secret Manager gives its password; undefined: it asks for none. */
  readonly secret: string | undefined;
  /** URL at which Secret Manager gives the certificates of its own authority; undefined: it has none. */
  readonly ca: string | undefined;
};

export type GceFleet = Cloud & {
  /** The Redis that the relays of this zone's target use; undefined: none. */
  readonly redis: (zone: string) => Promise<TemplateRedis | undefined>;
  /** Writes on the VM that rollouts leave it alone; undefined: takes that off. */
  readonly leaveAlone: (vm: VmRef, leave: Leave | undefined) => Promise<void>;
  /** Writes on the VM that a person wants it replaced with its calls; undefined: takes that off. */
  readonly force: (vm: VmRef, by: string | undefined) => Promise<void>;
  /** From now on the group of a zone wants this template; no relay moves by that. Rejects with `gce-not-found` when there
   * is no such template. Idempotent. */
  readonly setTarget: (zone: string, template: string) => Promise<void>;
  /** All instance templates of the project. */
  readonly templates: () => Promise<readonly Template[]>;
  /** Why relays of these zones could perhaps not be made again; `endpoint`: another than Google's. */
  readonly troubles: (zones: readonly string[], endpoint: string | undefined) => Promise<readonly Trouble[]>;
  /** What earlier rollouts left behind in a zone. */
  readonly leftovers: (zone: string) => Promise<readonly Leftover[]>;
};

/** `floating`: its relays have floating addresses. */
export function gceFleet(gce: Gce, fleet: string, floating = false): GceFleet {
  const templateOf = templateReader(gce);
  const group = (zone: string) => ({ zone, instanceGroupManager: groupName(fleet, zone) });
  return {
    readZone: (zone) => readZone(gce, { fleet, floating }, zone, templateOf),
    readReport: (vm) => readReport(gce, vm),
    mark: async (vm, cordon) =>
      await setLabels(gce, vm, (labels) => ({ ...labels, ...cordonLabels(cordon) })),
    unmark: async (vm) => await setLabels(gce, vm, (labels) => without(labels, CORDON_LABELS)),
    leaveAlone: async (vm, leave) =>
      await setLabels(gce, vm, (labels) => ({
        ...without(labels, LEAVE_LABELS),
        ...(leave === undefined ? {} : leaveLabels(leave)),
      })),
    force: async (vm, by) =>
      await setLabels(gce, vm, (labels) => ({
        ...without(labels, [LABEL.force]),
        ...(by === undefined ? {} : forceLabels(by)),
      })),
    awaitController: async ({ zone, name }) => await patchAdmission(gce, group(zone), name, 'controller'),
    release: async ({ zone, name }) => await release(gce, group(zone), name),
    setTarget: async (zone, template) => await setTarget(gce, group(zone), template),
    templates: async () => await readTemplates(gce),
    replace: async (vm) => await replace(gce, group(vm.zone), vm),
    troubles: async (zones, endpoint) => {
      const { troublesOf } = await import('./gce-preflight.ts');
      return await troublesOf(gce, endpoint, zones.map(group));
    },
    leftovers: async (zone) => {
      const [managed, configs, instances] = await settled([
        gce.call('instanceGroupManagers', 'listManagedInstances', group(zone)),
        gce.call('instanceGroupManagers', 'listPerInstanceConfigs', group(zone)),
        gce.call('instances', 'list', { zone }),
      ]);
      return leftoversOf(zone, managed, configs, instances);
    },
    redis: async (zone) => {
      const found = await gce.call('instanceGroupManagers', 'get', group(zone)).catch(noGroup(fleet, zone));
      return (await templateOf(targetTemplate(found)))?.redis;
    },
  };
}

function without(labels: Readonly<Record<string, string>>, keys: readonly string[]) {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !keys.includes(key)));
}

type ReadTemplate = (name: string) => Promise<TemplateFacts | undefined>;

/** Templates never change, so each is read once. A template that is gone tells nothing about its relays. */
function templateReader(gce: Gce): ReadTemplate {
  const known = new Map<string, Promise<TemplateFacts | undefined>>();
  const read = async (name: string): Promise<TemplateFacts | undefined> => {
    try {
      const template = await gce.call('instanceTemplates', 'get', { instanceTemplate: name });
      const at = templateMetadata(template, METADATA.control);
      const secret = templateMetadata(template, METADATA.redisSecret);
      const ca = templateMetadata(template, METADATA.redisCa);
      return { ...imageOf(template), redis: at === undefined ? undefined : { at, secret, ca } };
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

type Read = { readonly fleet: string; readonly floating: boolean };

async function readZone(
  gce: Gce,
  { fleet, floating }: Read,
  zone: string,
  templateOf: ReadTemplate,
): Promise<ZoneView> {
  const ref = { zone, instanceGroupManager: groupName(fleet, zone) };
  const [group, managed, configs, instances, rules] = await settled([
    gce.call('instanceGroupManagers', 'get', ref).catch(noGroup(fleet, zone)),
    gce.call('instanceGroupManagers', 'listManagedInstances', ref),
    gce.call('instanceGroupManagers', 'listPerInstanceConfigs', ref),
    gce.call('instances', 'list', { zone }),
    floating ? readRules(gce, fleet, zone) : Promise.resolve([]),
  ]);
  const template = targetTemplate(group);
  const facts = await templateOf(template);
  const target = { zone, template, image: facts?.image ?? '', version: facts?.version };
  const byName = new Map<string, Instance>(instances.map((instance) => [instance.name ?? '', instance]));
  const relays = await settled(
    managed.map(async (one) => {
      const own = lastSegment(one.version?.instanceTemplate);
      const version = own === '' ? undefined : (await templateOf(own))?.version;
      const instance = byName.get(lastSegment(one.instance));
      const relay = relayOf(zone, one, instance, configs, target, version);
      return { ...relay, ...floatingOf(relay, rules, instance) };
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
