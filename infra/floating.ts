/**
 * Floating addresses: each relay's own internal address, for media and ng, that a rollout can move to another relay of its zone together
 * with the calls at it. On Google this is internal protocol forwarding: "provide an IP address which can be moved from one instance to
 * another by … changing the target instance referenced by the forwarding rule"; packets come with the address as their destination, and
 * the machine may "send packets whose source IP addresses match the forwarding rule's IP address"
 * (cloud.google.com/load-balancing/docs/protocol-forwarding; the move is `forwardingRules.setTarget`, as in
 * …/switch-between-target-instance-and-backend-service, "Change the target of an internal forwarding rule"). Not tried on Google's cloud:
 * how long a move takes there, and that a target instance follows its machine through a re-creation, which it names by its URL alone.
 */
import { Address } from '@pulumi/gcp/compute/address.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { seatsOf, watchedDatabase } from '../configs/floating.ts';
import { LABEL, METADATA } from '../configs/naming.ts';
import { regionOf } from '../configs/places.ts';
import type { FleetNetwork } from './network.ts';

/** The floating address of each relay, by the relay's name; none where a fleet has none. */
export type Addresses = ReadonlyMap<string, pulumi.Output<string>>;

/** Reserves them, so that a rule that is lost can be made again at the same address. */
export function floatingAddresses(
  name: string,
  fleet: Readonly<Fleet>,
  { subnetworks }: FleetNetwork,
  parent: pulumi.Resource,
): Addresses {
  const { project } = fleet.cloud;
  return new Map(
    seatsOf(fleet).flatMap(({ relay, zone }) => {
      const region = regionOf(zone);
      const subnetwork = subnetworks.get(region);
      if (subnetwork === undefined) return [];
      const args = {
        ...{ project, region, name: relay, subnetwork, addressType: 'INTERNAL' },
        description: `Floating address of relay ${relay}`,
        labels: { [LABEL.fleet]: fleet.name, [LABEL.role]: 'relay', [LABEL.home]: relay },
      };
      return [[relay, new Address(`${name}-${relay}`, args, { parent }).address] as const];
    }),
  );
}

/** What the relays of a zone have in common: every address that one of them may come to carry, and the database that they watch. */
export function floatingMetadata(
  fleet: Readonly<Fleet>,
  zone: string,
  addresses: Addresses,
): Record<string, pulumi.Input<string>> {
  const own = seatsOf(fleet)
    .filter((seat) => seat.zone === zone)
    .flatMap(({ relay }) => addresses.get(relay) ?? []);
  if (own.length === 0) return {};
  return {
    [METADATA.floating]: pulumi.all(own).apply((list) => list.join(',')),
    [METADATA.watched]: String(watchedDatabase(fleet)),
  };
}
