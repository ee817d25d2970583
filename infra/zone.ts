/**
 * The relays of one zone: a stateful managed instance group.
 *
 * Pulumi never replaces a relay. The group is OPPORTUNISTIC: a new template is only what it wants, and a relay keeps running the
 * old one until `rollout` has drained it and asks its group to re-create it, under the same name and address (RECREATE, stateful).
 */
import { InstanceGroupManager } from '@pulumi/gcp/compute/instanceGroupManager.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { hasFloatingAddresses, seatsOf } from '../configs/floating.ts';
import { groupName, relayBaseName } from '../configs/naming.ts';
import { regionOf, relayCount } from '../configs/places.ts';
import { countOf } from '../configs/share.ts';
import { wordError } from '../lib/errors.ts';
import type { Settings } from './config.ts';
import { fewerRelays, KEEPS_ITS_RELAYS, refuseFewer, refuseRenaming, renamesRelays } from './fewer.ts';
import type { Addresses } from './floating.ts';
import type { FleetNetwork } from './network.ts';
import type { RedisPlace } from './redis/place.ts';
import { RelaySeat } from './seat.ts';

export type ZoneInputs = {
  readonly settings: Settings;
  readonly zone: string;
  /** Self links. */
  readonly template: pulumi.Output<string>;
  readonly health: pulumi.Output<string>;
  readonly network: FleetNetwork;
  /** Absent: the fleet has none. */
  readonly redis?: RedisPlace | undefined;
  /** Floating addresses of the fleet's relays; empty: they have none, and the group makes and names them. */
  readonly addresses: Addresses;
};

/** An address is given back only when its relay is removed for good, never when it is re-created. */
const KEPT = { interfaceName: 'nic0', deleteRule: 'ON_PERMANENT_INSTANCE_DELETION' };

export class RelayZone extends pulumi.ComponentResource {
  readonly zone: string;
  /** Name of the group. */
  readonly group: string;
  readonly selfLink: pulumi.Output<string>;
  /** The plain instance group that the manager fills; known once its relays were asked for. */
  readonly instanceGroup: pulumi.Output<string>;

  constructor(name: string, inputs: ZoneInputs, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:RelayZone', name, {}, opts);
    const { settings, zone } = inputs;
    this.zone = zone;
    this.group = groupName(settings.fleet.name, zone);
    const manager = new InstanceGroupManager(name, groupArgs(this.group, inputs), {
      parent: this,
      // Deleting, replacing or shrinking a group ends the calls of its relays.
      protect: settings.protect,
      ...(settings.protect ? { hooks: { beforeUpdate: [keepsItsRelays(name, this.group)] } } : {}),
    });
    this.selfLink = manager.selfLink;
    const made = seats(name, inputs, manager, this).map((seat) => seat.made);
    this.instanceGroup = pulumi.all([manager.instanceGroup, ...made]).apply(([group]) => group ?? '');
    this.registerOutputs({ zone, group: this.group, selfLink: this.selfLink });
  }
}

/** The relays that the fleet file names: none where the group makes them. */
function seats(
  name: string,
  { settings, zone, network, redis, addresses }: ZoneInputs,
  manager: InstanceGroupManager,
  parent: pulumi.Resource,
): readonly RelaySeat[] {
  const subnetwork = network.subnetworks.get(regionOf(zone));
  const own = seatsOf(settings.fleet).filter((seat) => seat.zone === zone);
  return own.flatMap((seat) => {
    const address = addresses.get(seat.relay);
    if (address === undefined || redis === undefined || subnetwork === undefined) return [];
    const inputs = { settings, seat, address, redis, subnetwork, group: manager.name };
    return [new RelaySeat(`${name}-${seat.index}`, inputs, { parent })];
  });
}

/**
 * What Pulumi's engine asks before it changes a group, in a preview too; an error ends the update before the group hears of it
 * (pulumi.com/docs/iac/concepts/resources/options/hooks).
 */
export function keepsItsRelays(name: string, group: string): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    `${name}-${KEEPS_ITS_RELAYS}`,
    ({ oldInputs, oldOutputs, newInputs }) => {
      if (renamesRelays(oldInputs?.targetSize, newInputs?.targetSize))
        throw new Error(wordError(refuseRenaming(group)));
      const fewer = fewerRelays(oldOutputs?.targetSize, newInputs?.targetSize);
      if (fewer > 0) throw new Error(wordError(refuseFewer(group, fewer)));
    },
    { onDryRun: true },
  );
}

function groupArgs(name: string, { settings: { fleet }, zone, template, health }: ZoneInputs) {
  const { relays, network } = fleet;
  return {
    project: fleet.cloud.project,
    zone,
    name,
    baseInstanceName: relayBaseName(fleet.name, zone),
    description: `Relays of fleet ${fleet.name} in ${zone}`,
    // Relays that are made one by one change the size themselves.
    ...(hasFloatingAddresses(fleet) ? {} : { targetSize: relays.perZone }),
    versions: [{ instanceTemplate: template }],
    updatePolicy: updatePolicy(awayAtOnce(fleet)),
    statefulInternalIps: [KEPT],
    statefulExternalIps: network.externalAddresses === 'static' ? [KEPT] : [],
    autoHealingPolicies: { healthCheck: health, initialDelaySec: relays.healSeconds },
    instanceLifecyclePolicy: {
      defaultActionOnFailure: 'REPAIR',
      onFailedHealthCheck: relays.onUnhealthy === 'repair' ? 'DEFAULT_ACTION' : 'DO_NOTHING',
      // A healed relay comes back with the image it had: another one is a rollout's business.
      forceUpdateOnRepair: 'NO',
    },
    waitForInstances: true,
    waitForInstancesStatus: 'STABLE',
  };
}

/** Of one zone's relays; nothing but a rollout replaces any. */
function awayAtOnce(fleet: Fleet): number {
  const { relays, rollout } = fleet;
  return Math.min(countOf(rollout.maxUnavailable, relayCount(fleet), 1), relays.perZone);
}

/**
 * The only policy that GCE takes for a stateful group whose relays must keep their names and never be replaced by the group itself
 * (cloud.google.com/compute/docs/instance-groups/updating-stateful-migs).
 */
function updatePolicy(maxUnavailable: number) {
  return {
    type: 'OPPORTUNISTIC',
    replacementMethod: 'RECREATE',
    minimalAction: 'REPLACE',
    mostDisruptiveAllowedAction: 'REPLACE',
    maxSurgeFixed: 0,
    maxUnavailableFixed: Math.max(1, maxUnavailable),
  };
}
