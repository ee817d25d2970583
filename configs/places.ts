/** Where a fleet is: the regions of its zones, each with its subnetwork's range. Pure. */
import type { Fleet } from './fleet.ts';

/** One region of a fleet: one subnetwork, and one managed instance group in each of its zones. */
export type Place = {
  readonly region: string;
  /** IPv4 range of its subnetwork; undefined: the fleet file gives none, which `configs/rules.ts` refuses. */
  readonly range: string | undefined;
  /** In the order of the fleet file. */
  readonly zones: readonly string[];
};

/** `europe-west3-a` → `europe-west3`. */
export function regionOf(zone: string): string {
  return zone.slice(0, zone.lastIndexOf('-'));
}

/** The regions that have zones, in the order in which the fleet file first names them. */
export function placesOf({ cloud, network }: Readonly<Pick<Fleet, 'cloud' | 'network'>>): readonly Place[] {
  const regions = [...new Set(cloud.zones.map(regionOf))];
  return regions.map((region) => ({
    region,
    range: region === cloud.region ? network.range : network.ranges[region],
    zones: cloud.zones.filter((zone) => regionOf(zone) === region),
  }));
}

/** Every range of the fleet's own network. */
export function rangesOf(fleet: Readonly<Pick<Fleet, 'cloud' | 'network'>>): readonly string[] {
  return placesOf(fleet).flatMap(({ range }) => (range === undefined ? [] : [range]));
}

/** Where the machine of `redis.kind: vm` stands. */
export function redisZone({ cloud, redis }: Readonly<Pick<Fleet, 'cloud' | 'redis'>>): string {
  return redis.zone ?? cloud.zones[0] ?? `${cloud.region}-a`;
}

/** How many relays the fleet has in all its zones. */
export function relayCount({ cloud, relays }: Readonly<Pick<Fleet, 'cloud' | 'relays'>>): number {
  return relays.perZone * cloud.zones.length;
}
