/**
 * The relays: one health check, one instance template, one stateful managed instance group in each zone.
 *
 * Pulumi never replaces a relay. The groups are OPPORTUNISTIC: a new template is only what they want, and a relay keeps running the
 * old one until `rollout` has drained it and asks its group to re-create it, under the same name and address (RECREATE, stateful).
 */
import { HealthCheck } from '@pulumi/gcp/compute/healthCheck.js';
import { InstanceGroupManager } from '@pulumi/gcp/compute/instanceGroupManager.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { groupName, relayBaseName } from '../configs/naming.ts';
import { countOf } from '../configs/share.ts';
import type { Settings } from './config.ts';
import { relayTemplate, type TemplateInputs } from './template.ts';

export type Group = {
  readonly zone: string;
  readonly name: string;
  readonly selfLink: pulumi.Output<string>;
  /** The plain instance group that the manager fills. */
  readonly instanceGroup: pulumi.Output<string>;
};

/** An address is given back only when its relay is removed for good, never when it is re-created. */
const KEPT = { interfaceName: 'nic0', deleteRule: 'ON_PERMANENT_INSTANCE_DELETION' };

export class Relays extends pulumi.ComponentResource {
  readonly template: pulumi.Output<string>;
  /** In the order of the fleet file's zones. */
  readonly groups: readonly Group[];

  constructor(name: string, inputs: TemplateInputs, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:Relays', name, {}, opts);
    const { settings } = inputs;
    const template = relayTemplate(name, inputs, this);
    const health = healthCheck(name, settings, this);
    this.template = template.selfLink;
    this.groups = settings.fleet.cloud.zones.map((zone) =>
      zonalGroup(`${name}-${zone}`, settings, zone, { template: template.selfLink, health }, this),
    );
    this.registerOutputs({ template: this.template, groups: this.groups });
  }
}

/**
 * What autohealing asks: RTPEngine's own `GET /ping`, which answers 200 as long as the process serves requests. A cordoned or draining
 * relay answers it like any other (a session limit refuses offers, not requests), so a drain never looks like an illness; only a
 * process that is dead for 30 s is re-created, and its calls are lost already.
 */
function healthCheck(name: string, { fleet }: Settings, parent: pulumi.Resource): pulumi.Output<string> {
  const check = new HealthCheck(
    name,
    {
      project: fleet.cloud.project,
      name: `${fleet.name}-relay`,
      description: 'RTPEngine answers on its HTTP port',
      checkIntervalSec: 10,
      timeoutSec: 5,
      healthyThreshold: 1,
      unhealthyThreshold: 3,
      httpHealthCheck: { port: fleet.rtpengine.httpPort, requestPath: '/ping' },
    },
    { parent },
  );
  return check.selfLink;
}

type GroupLinks = { readonly template: pulumi.Output<string>; readonly health: pulumi.Output<string> };

function zonalGroup(
  name: string,
  { fleet, protect }: Settings,
  zone: string,
  links: GroupLinks,
  parent: pulumi.Resource,
): Group {
  const group = new InstanceGroupManager(
    name,
    {
      project: fleet.cloud.project,
      zone,
      name: groupName(fleet.name, zone),
      baseInstanceName: relayBaseName(fleet.name, zone),
      description: `Relays of fleet ${fleet.name} in ${zone}`,
      targetSize: fleet.relays.perZone,
      versions: [{ instanceTemplate: links.template }],
      updatePolicy: updatePolicy(awayAtOnce(fleet)),
      statefulInternalIps: [KEPT],
      statefulExternalIps: fleet.network.externalAddresses === 'static' ? [KEPT] : [],
      autoHealingPolicies: { healthCheck: links.health, initialDelaySec: fleet.relays.healSeconds },
      // A healed relay comes back with the image it had: another one is a rollout's business.
      instanceLifecyclePolicy: { defaultActionOnFailure: 'REPAIR', forceUpdateOnRepair: 'NO' },
      waitForInstances: true,
      waitForInstancesStatus: 'STABLE',
    },
    // Deleting or replacing a group ends the calls of its relays.
    { parent, protect },
  );
  return {
    zone,
    name: groupName(fleet.name, zone),
    selfLink: group.selfLink,
    instanceGroup: group.instanceGroup,
  };
}

/** Of one zone's relays; nothing but a rollout replaces any. */
function awayAtOnce({ cloud, relays, rollout }: Fleet): number {
  const all = relays.perZone * cloud.zones.length;
  return Math.min(countOf(rollout.maxUnavailable, all, 1), relays.perZone);
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
