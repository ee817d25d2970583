/**
 * One relay with a floating address: the machine, made by its name, and the rule that brings the address to it.
 *
 * A per-instance config whose name no machine has makes the machine ("create a managed instance with a custom name and set stateful metadata",
 * cloud.google.com/compute/docs/samples/compute-stateful-instance-group-manager-metadata-pic; the provider calls `createInstances`). Its
 * metadata stays with the name through every re-creation.
 */
import { ForwardingRule } from '@pulumi/gcp/compute/forwardingRule.js';
import { PerInstanceConfig } from '@pulumi/gcp/compute/perInstanceConfig.js';
import { TargetInstance } from '@pulumi/gcp/compute/targetInstance.js';
import * as pulumi from '@pulumi/pulumi';
import type { Seat } from '../configs/floating.ts';
import { LABEL, METADATA } from '../configs/naming.ts';
import { regionOf } from '../configs/places.ts';
import type { Settings } from './config.ts';
import type { RedisPlace } from './redis/place.ts';
import { keepsItsCalls } from './seat-guard.ts';

export type SeatInputs = {
  readonly settings: Settings;
  readonly seat: Seat;
  /** Its floating address. */
  readonly address: pulumi.Output<string>;
  readonly redis: RedisPlace;
  /** Self link of the region's subnetwork. */
  readonly subnetwork: pulumi.Output<string>;
  /** Name of the managed group. */
  readonly group: pulumi.Output<string>;
};

export class RelaySeat extends pulumi.ComponentResource {
  /** Resolves once the machine was asked for. */
  readonly made: pulumi.Output<string>;

  constructor(name: string, inputs: SeatInputs, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:RelaySeat', name, {}, opts);
    const config = machine(name, inputs, this);
    this.made = config.id;
    forwarding(name, inputs, config, this);
    this.registerOutputs({ relay: inputs.seat.relay, address: inputs.address });
  }
}

function machine(name: string, inputs: SeatInputs, parent: pulumi.Resource): PerInstanceConfig {
  const { settings, seat, address, redis, group } = inputs;
  const { fleet, protect } = settings;
  return new PerInstanceConfig(
    name,
    {
      ...{ project: fleet.cloud.project, zone: seat.zone, instanceGroupManager: group, name: seat.relay },
      preservedState: {
        metadata: {
          [METADATA.home]: address,
          [METADATA.database]: String(seat.database),
          [METADATA.redis]: pulumi.interpolate`${redis.host}:${redis.port}/${seat.database}`,
        },
      },
      // A changed key may be given to a running relay; by default the provider would let the group re-create it for a template that waits.
      minimalAction: 'NONE',
      mostDisruptiveAllowedAction: 'REFRESH',
      removeInstanceOnDestroy: true,
    },
    { parent, protect, ...(protect ? { hooks: { beforeUpdate: [keepsItsCalls(name, seat.relay)] } } : {}) },
  );
}

function forwarding(
  name: string,
  { settings, seat, address, subnetwork }: SeatInputs,
  machine: PerInstanceConfig,
  parent: pulumi.Resource,
): void {
  const { fleet, protect } = settings;
  const { project } = fleet.cloud;
  const { relay, zone } = seat;
  const target = new TargetInstance(
    name,
    {
      ...{ project, zone, name: relay, description: `Relay ${relay}` },
      instance: `projects/${project}/zones/${zone}/instances/${relay}`,
    },
    { parent, dependsOn: machine },
  );
  new ForwardingRule(
    name,
    {
      ...{ project, region: regionOf(zone), name: relay },
      description: `Media and ng of relay ${relay}, wherever its calls are`,
      labels: { [LABEL.fleet]: fleet.name, [LABEL.role]: 'relay', [LABEL.home]: relay },
      loadBalancingScheme: 'INTERNAL',
      ipAddress: address,
      ipProtocol: 'UDP',
      // Also what has no port: fragments of a packet after the first. What gets through is the firewall's business, as for the machine's own.
      allPorts: true,
      // As with a machine's own address, callers and proxies may be in any region; who they are is, again, the firewall's business.
      allowGlobalAccess: true,
      subnetwork,
      target: target.selfLink,
    },
    // Where the address is, is a rollout's business: an update in the middle of one, or after a refresh, must not take it away from calls.
    { parent, protect, ignoreChanges: ['target'] },
  );
}
