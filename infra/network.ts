/** The fleet's own network: one subnetwork in its region, and a way out for relays without an external address. */
import { Network } from '@pulumi/gcp/compute/network.js';
import { Router } from '@pulumi/gcp/compute/router.js';
import { RouterNat } from '@pulumi/gcp/compute/routerNat.js';
import { Subnetwork } from '@pulumi/gcp/compute/subnetwork.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';

export class FleetNetwork extends pulumi.ComponentResource {
  /** Self links. */
  readonly network: pulumi.Output<string>;
  readonly subnetwork: pulumi.Output<string>;

  constructor(name: string, fleet: Readonly<Fleet>, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:Network', name, {}, opts);
    const { project, region } = fleet.cloud;
    const child = { parent: this };
    const network = new Network(
      name,
      {
        project,
        name: fleet.name,
        description: `Relays of fleet ${fleet.name}`,
        autoCreateSubnetworks: false,
        routingMode: 'REGIONAL',
      },
      child,
    );
    const subnetwork = new Subnetwork(
      name,
      {
        project,
        region,
        name: fleet.name,
        network: network.selfLink,
        ipCidrRange: fleet.network.range,
        // Logging, monitoring and storage without an external address.
        privateIpGoogleAccess: true,
      },
      child,
    );
    if (fleet.network.externalAddresses === 'none') cloudNat(name, fleet, network.selfLink, child);
    this.network = network.selfLink;
    this.subnetwork = subnetwork.selfLink;
    this.registerOutputs({ network: this.network, subnetwork: this.subnetwork });
  }
}

/** Lets relays without an external address fetch packages; nothing comes in through it. */
function cloudNat(
  name: string,
  { name: fleet, cloud }: Readonly<Fleet>,
  network: pulumi.Output<string>,
  opts: pulumi.CustomResourceOptions,
): void {
  const place = { project: cloud.project, region: cloud.region };
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
