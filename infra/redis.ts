/** Redis for call state and for the rollout's lock and journal: a Memorystore instance in the fleet's network. */
import { Instance } from '@pulumi/gcp/redis/instance.js';
import * as pulumi from '@pulumi/pulumi';
import { LABEL } from '../configs/naming.ts';
import type { Settings } from './config.ts';

export class FleetRedis extends pulumi.ComponentResource {
  readonly host: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;

  constructor(
    name: string,
    { fleet, protect }: Settings,
    network: pulumi.Output<string>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('rtpfleet:infra:Redis', name, {}, opts);
    const instance = new Instance(
      name,
      {
        project: fleet.cloud.project,
        region: fleet.cloud.region,
        name: `${fleet.name}-redis`,
        displayName: `Call state of fleet ${fleet.name}`,
        tier: fleet.redis.tier,
        memorySizeGb: fleet.redis.memoryGb,
        redisVersion: 'REDIS_7_2',
        connectMode: 'DIRECT_PEERING',
        authorizedNetwork: network,
        redisConfigs: {
          // RTPEngine's subscribe-keyspace listens to them (its manual, section Redis).
          'notify-keyspace-events': 'KEA',
          // A full Redis must refuse a new call, not forget a running one.
          'maxmemory-policy': 'noeviction',
        },
        labels: { [LABEL.fleet]: fleet.name, [LABEL.role]: 'redis' },
        deletionProtection: protect,
      },
      { parent: this, protect },
    );
    this.host = instance.host;
    this.port = instance.port;
    this.registerOutputs({ host: this.host, port: this.port });
  }
}
