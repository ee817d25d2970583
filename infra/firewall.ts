/** The firewall of a fleet: one rule for each opening of the port table, and a lock on Redis. */
import { Firewall, type FirewallArgs } from '@pulumi/gcp/compute/firewall.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { controllerTag, IAP_RANGES, openings, REDIS_PORT, REDIS_TLS_PORT, redisTag } from './ports.ts';

export type FirewallInputs = {
  readonly fleet: Readonly<Fleet>;
  readonly network: pulumi.Output<string>;
  /** E-mail of the relays' service account: the rules hold for whatever runs as it, and for nothing else. */
  readonly relayAccount: pulumi.Output<string>;
  /** Address of Memorystore; absent: the fleet has none. */
  readonly redisHost?: pulumi.Output<string> | undefined;
  /** E-mail of the service account of the Redis machine; absent: the fleet has none. */
  readonly redisAccount?: pulumi.Output<string> | undefined;
};

/** Rules that allow come before the rule that denies the rest (a lower number wins). */
const PRIORITY = { allow: 1000, denyRest: 2000 };

export class FleetFirewall extends pulumi.ComponentResource {
  constructor(name: string, inputs: FirewallInputs, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:FleetFirewall', name, {}, opts);
    const { fleet, network, relayAccount } = inputs;
    for (const { name: what, sources, protocol, ports, why } of openings(fleet)) {
      new Firewall(
        `${name}-${what}`,
        {
          project: fleet.cloud.project,
          name: `${fleet.name}-${what}`,
          description: why,
          network,
          direction: 'INGRESS',
          priority: PRIORITY.allow,
          sourceRanges: [...sources],
          targetServiceAccounts: [relayAccount],
          allows: [{ protocol, ports: [...ports] }],
        },
        { parent: this },
      );
    }
    if (inputs.redisHost !== undefined) lockRedis(name, inputs, inputs.redisHost, this);
    if (inputs.redisAccount !== undefined) openRedis(name, inputs, inputs.redisAccount, this);
    this.registerOutputs();
  }
}

/**
 * Memorystore stands in a peered network, where no rule of ours guards its door; so the way to it is closed at the other end, for
 * every machine of this network but the relays and the controller.
 */
function lockRedis(
  name: string,
  { fleet, network, relayAccount }: FirewallInputs,
  host: pulumi.Output<string>,
  parent: pulumi.Resource,
): void {
  const rule = (what: string, args: Partial<FirewallArgs>) =>
    new Firewall(
      `${name}-${what}`,
      {
        project: fleet.cloud.project,
        name: `${fleet.name}-${what}`,
        network,
        direction: 'EGRESS',
        destinationRanges: [pulumi.interpolate`${host}/32`],
        ...args,
      },
      { parent },
    );
  const toRedis = [{ protocol: 'tcp', ports: [String(fleet.redis.tls ? REDIS_TLS_PORT : REDIS_PORT)] }];
  rule('redis-relays', {
    description: 'Call state of the relays',
    priority: PRIORITY.allow,
    targetServiceAccounts: [relayAccount],
    allows: toRedis,
  });
  rule('redis-controller', {
    description: `Lock and journal of a rollout that runs on a machine with tag ${controllerTag(fleet.name)}`,
    priority: PRIORITY.allow,
    targetTags: [controllerTag(fleet.name)],
    allows: toRedis,
  });
  rule('redis-deny', {
    description: 'Nothing else in this network may speak to the Redis of the relays',
    priority: PRIORITY.denyRest,
    denies: [{ protocol: 'tcp' }],
  });
}

/** A machine stands in this network, where what no rule lets in is closed: its port is open to relays and the controller, SSH to IAP. */
function openRedis(
  name: string,
  { fleet, network, relayAccount }: FirewallInputs,
  redisAccount: pulumi.Output<string>,
  parent: pulumi.Resource,
): void {
  const toRedis = [{ protocol: 'tcp', ports: [String(REDIS_PORT)] }];
  const { controllerSources } = fleet.network;
  const rule = (what: string, args: Partial<FirewallArgs>) =>
    new Firewall(
      `${name}-${what}`,
      {
        ...{ project: fleet.cloud.project, name: `${fleet.name}-${what}`, network },
        ...{ direction: 'INGRESS', priority: PRIORITY.allow },
        ...args,
      },
      { parent },
    );
  rule('redis-controller', {
    description: `Lock and journal of a rollout, on a machine with tag ${controllerTag(fleet.name)} or where the controller is`,
    // Google takes no tag beside a service account in one rule.
    sourceTags: [controllerTag(fleet.name)],
    targetTags: [redisTag(fleet.name)],
    ...(controllerSources.length > 0 ? { sourceRanges: [...controllerSources] } : {}),
    allows: toRedis,
  });
  rule('redis-ssh', {
    description: 'SSH through Identity-Aware Proxy',
    sourceRanges: [...IAP_RANGES],
    targetServiceAccounts: [redisAccount],
    allows: [{ protocol: 'tcp', ports: ['22'] }],
  });
  rule('redis-relays', {
    description: 'Call state of the relays',
    sourceServiceAccounts: [relayAccount],
    targetServiceAccounts: [redisAccount],
    allows: toRedis,
  });
}
