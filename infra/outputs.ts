/** What a stack tells `rollout`, the SIP proxies, and who collects metrics. */
import { getInstanceOutput } from '@pulumi/gcp/compute/getInstance.js';
import { getInstanceGroupOutput } from '@pulumi/gcp/compute/getInstanceGroup.js';
import * as pulumi from '@pulumi/pulumi';
import { regionOf } from '../configs/places.ts';
import { FleetError } from '../lib/errors.ts';
import type { Settings } from './config.ts';
import type { RelayFleet } from './fleet.ts';
import type { Addresses } from './floating.ts';
import { scrapeConfig } from './monitoring/scrape.ts';
import type { RedisPlace } from './redis/place.ts';
import type { RelayZone } from './zone.ts';

export type RelayAddress = {
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  /** External address; absent: it has none. */
  readonly external?: string;
  /** Floating address, for media and ng; absent: it has none, and both are at `address`. */
  readonly floating?: string;
};

/** The relays that a zone has now. Their addresses stay theirs, so a proxy's configuration made from them stays right. */
export function relaysOf(
  { zone, instanceGroup }: RelayZone,
  addresses: Addresses,
): pulumi.Output<readonly RelayAddress[]> {
  const { instances } = getInstanceGroupOutput({ selfLink: instanceGroup });
  return instances.apply((links) =>
    pulumi.all(
      [...links].sort().map((selfLink) => {
        const name = selfLink.slice(selfLink.lastIndexOf('/') + 1);
        return pulumi
          .all([getInstanceOutput({ selfLink }), addresses.get(name)])
          .apply(([{ networkInterfaces: nics }, floating]) => {
            const [nic] = nics;
            const external = nic?.accessConfigs?.[0]?.natIp;
            return {
              ...{ name, zone, address: addressOf(selfLink, nic?.networkIp) },
              ...(external ? { external } : {}),
              ...(floating ? { floating } : {}),
            };
          });
      }),
    ),
  );
}

function addressOf(instance: string, address: string | undefined): string {
  if (address) return address;
  throw new FleetError({ kind: 'stop', code: 'no-address', message: `${instance} has no internal address.` });
}

/** `udp:10.128.0.2:22222 udp:…`: what Kamailio and OpenSIPS take as `rtpengine_sock`; floating addresses, where a call stays reachable. Pure. */
export function socketList(relays: readonly RelayAddress[], ngPort: number): string {
  return relays.map(({ address, floating }) => `udp:${floating ?? address}:${ngPort}`).join(' ');
}

/** The same by region, for proxies that should keep media near. Pure. */
export function socketsByRegion(
  relays: readonly RelayAddress[],
  ngPort: number,
): Readonly<Record<string, string>> {
  const regions = [...new Set(relays.map(({ zone }) => regionOf(zone)))];
  const inRegion = (region: string) => relays.filter(({ zone }) => regionOf(zone) === region);
  return Object.fromEntries(regions.map((region) => [region, socketList(inRegion(region), ngPort)]));
}

/** Everything that the stack exports. */
export function stackOutputs(settings: Settings, made: RelayFleet) {
  const { fleet, image } = settings;
  const { ngPort, cliPort, httpPort, ports } = fleet.rtpengine;
  const { relay, controller, publisher } = made.identity;
  const addresses = pulumi
    .all(made.zones.map((zone) => relaysOf(zone, made.addresses)))
    .apply((lists) => lists.flat());
  const line = addresses.apply(
    (list) => `modparam("rtpengine", "rtpengine_sock", "${socketList(list, ngPort)}")`,
  );
  return {
    fleet: fleet.name,
    project: fleet.cloud.project,
    region: fleet.cloud.region,
    image,
    /** By region; with floating addresses, by zone. */
    templates: Object.fromEntries(made.templates),
    groups: made.zones.map(({ zone, group, selfLink }) => ({ zone, name: group, selfLink })),
    ports: { ng: ngPort, cli: cliPort, http: httpPort, media: ports },
    redis: made.redis === undefined ? null : redisOutputs(settings, made.redis),
    accounts: { relay, controller, publisher },
    relays: addresses,
    sockets: addresses.apply((list) => socketsByRegion(list, ngPort)),
    // The line is the same in both proxies' configuration languages.
    kamailio: line,
    opensips: line,
    prometheus: addresses.apply((list) => scrapeConfig(fleet, list)),
  };
}

function redisOutputs({ fleet }: Settings, { host, port, secret, authority }: RedisPlace) {
  return {
    host,
    port,
    control: pulumi.interpolate`${host}:${port}/${fleet.redis.controlDatabase}`,
    /** Where its password is; never the password. */
    secret: secret ?? null,
    /** Certificates (PEM) of its own authority, for other clients with TLS. */
    ca: authority?.certificates ?? null,
  };
}
