/** What a stack tells `rollout` and the SIP proxies. */
import { getInstanceOutput } from '@pulumi/gcp/compute/getInstance.js';
import { getInstanceGroupOutput } from '@pulumi/gcp/compute/getInstanceGroup.js';
import * as pulumi from '@pulumi/pulumi';
import { FleetError } from '../lib/errors.ts';
import type { Settings } from './config.ts';
import type { FleetRedis } from './redis.ts';
import type { Group, Relays } from './relays.ts';

export type RelayAddress = {
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  /** External address; absent: it has none. */
  readonly external?: string;
};

/** The relays that a group has now. Their addresses stay theirs, so a proxy's configuration made from them stays right. */
export function relaysOf(group: Group): pulumi.Output<readonly RelayAddress[]> {
  const { instances } = getInstanceGroupOutput({ selfLink: group.instanceGroup });
  return instances.apply((links) =>
    pulumi.all(
      [...links].sort().map((selfLink) =>
        getInstanceOutput({ selfLink }).apply(({ networkInterfaces: [nic] }) => {
          const external = nic?.accessConfigs?.[0]?.natIp;
          return {
            name: selfLink.slice(selfLink.lastIndexOf('/') + 1),
            zone: group.zone,
            address: addressOf(selfLink, nic?.networkIp),
            ...(external ? { external } : {}),
          };
        }),
      ),
    ),
  );
}

function addressOf(instance: string, address: string | undefined): string {
  if (address) return address;
  throw new FleetError({ kind: 'stop', code: 'no-address', message: `${instance} has no internal address.` });
}

/** `udp:10.128.0.2:22222 udp:…`: what Kamailio and OpenSIPS take as `rtpengine_sock`. Pure. */
export function socketList(relays: readonly RelayAddress[], ngPort: number): string {
  return relays.map(({ address }) => `udp:${address}:${ngPort}`).join(' ');
}

/** Everything that the stack exports. */
export function stackOutputs(settings: Settings, relays: Relays, redis: FleetRedis | undefined) {
  const { fleet, image } = settings;
  const { ngPort, cliPort, httpPort, ports } = fleet.rtpengine;
  const addresses = pulumi.all(relays.groups.map(relaysOf)).apply((lists) => lists.flat());
  const line = addresses.apply(
    (list) => `modparam("rtpengine", "rtpengine_sock", "${socketList(list, ngPort)}")`,
  );
  return {
    fleet: fleet.name,
    project: fleet.cloud.project,
    region: fleet.cloud.region,
    image,
    template: relays.template,
    groups: relays.groups.map(({ zone, name, selfLink }) => ({ zone, name, selfLink })),
    ports: { ng: ngPort, cli: cliPort, http: httpPort, media: ports },
    redis: redis === undefined ? null : redisOutputs(settings, redis),
    relays: addresses,
    // The line is the same in both proxies' configuration languages.
    kamailio: line,
    opensips: line,
  };
}

function redisOutputs({ fleet }: Settings, { host, port }: FleetRedis) {
  return {
    host,
    port,
    control: pulumi.interpolate`${host}:${port}/${fleet.redis.controlDatabase}`,
  };
}
