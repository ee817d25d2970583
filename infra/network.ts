/**
 * The fleet's own network: a subnetwork in each of its regions, and a way out for relays without an external address.
 *
 * IPv4 only, on purpose: a stateful group keeps IPv4 addresses alone (GCE: `statefulPolicy` has internal and external IPs of IPv4), so an
 * IPv6 address of a relay would change whenever it is replaced, and the proxies' and carriers' lists would be wrong. The subnetworks say so,
 * and no rule of the firewall lets IPv6 in; callers with IPv6 only are for the proxy's side, or for RTPEngine behind a dual-stack carrier.
 */
import { Network } from '@pulumi/gcp/compute/network.js';
import { Router } from '@pulumi/gcp/compute/router.js';
import { RouterNat } from '@pulumi/gcp/compute/routerNat.js';
import { Subnetwork } from '@pulumi/gcp/compute/subnetwork.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { type Place, placesOf, redisZone, regionOf } from '../configs/places.ts';

export class FleetNetwork extends pulumi.ComponentResource {
  /** Self link. */
  readonly network: pulumi.Output<string>;
  /** Self link of each region's subnetwork. */
  readonly subnetworks: ReadonlyMap<string, pulumi.Output<string>>;

  constructor(name: string, fleet: Readonly<Fleet>, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:FleetNetwork', name, {}, opts);
    const places = placesOf(fleet);
    const child = { parent: this };
    const network = new Network(
      name,
      {
        project: fleet.cloud.project,
        name: fleet.name,
        description: `Relays of fleet ${fleet.name}`,
        autoCreateSubnetworks: false,
        // With several regions the routes of a VPN or interconnect in one must reach the relays of all.
        routingMode: places.length > 1 ? 'GLOBAL' : 'REGIONAL',
      },
      child,
    ).selfLink;
    this.network = network;
    this.subnetworks = new Map(
      places.map((place) => [
        place.region,
        subnetwork(`${name}-${place.region}`, fleet, place, network, this),
      ]),
    );
    for (const { region } of places)
      if (needsNat(fleet, region)) cloudNat(`${name}-${region}`, fleet, region, network, child);
    this.registerOutputs({ network, subnetworks: Object.fromEntries(this.subnetworks) });
  }
}

function subnetwork(
  name: string,
  fleet: Readonly<Fleet>,
  { region, range }: Place,
  network: pulumi.Output<string>,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const { selfLink } = new Subnetwork(
    name,
    {
      project: fleet.cloud.project,
      region,
      name: fleet.name,
      description: `Relays of fleet ${fleet.name} in ${region}`,
      network,
      ...(range === undefined ? {} : { ipCidrRange: range }),
      stackType: 'IPV4_ONLY',
      // Logging, monitoring, secrets and storage without an external address.
      privateIpGoogleAccess: true,
    },
    { parent },
  );
  return selfLink;
}

/** For machines without an external address: relays, by the fleet file, and always the Redis machine. */
function needsNat(fleet: Readonly<Fleet>, region: string): boolean {
  const { network, redis } = fleet;
  return (
    network.externalAddresses === 'none' || (redis.kind === 'vm' && regionOf(redisZone(fleet)) === region)
  );
}

/** A way out, through which nothing comes in. Machines with an address of their own do not use it. */
function cloudNat(
  name: string,
  { name: fleet, cloud }: Readonly<Fleet>,
  region: string,
  network: pulumi.Output<string>,
  opts: pulumi.CustomResourceOptions,
): void {
  const place = { project: cloud.project, region };
  const router = new Router(name, { ...place, name: fleet, network }, opts);
  new RouterNat(
    name,
    {
      ...place,
      name: fleet,
      router: router.name,
      natIpAllocateOption: 'AUTO_ONLY',
      sourceSubnetworkIpRangesToNat: 'ALL_SUBNETWORKS_ALL_IP_RANGES',
      logConfig: { enable: true, filter: 'ERRORS_ONLY' },
    },
    opts,
  );
}
