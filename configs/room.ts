/** How many machines a subnetwork takes, and how many a fleet puts into it. Pure. */
import type { Fleet } from './fleet.ts';
import { hasFloatingAddresses } from './floating.ts';
import { type Place, redisZone, regionOf } from './places.ts';
import { rangeSize } from './range.ts';

/** Addresses of a subnetwork that GCE keeps for itself (VPC documentation: first two and last two). */
const RESERVED_BY_GCE = 4;

/** Addresses of a range that machines can have. */
export function roomOf(range: string): number {
  return Math.max(0, rangeSize(range) - RESERVED_BY_GCE);
}

/** Addresses that a fleet needs in a region, and what for. */
export function needOf(
  fleet: Readonly<Fleet>,
  { region, zones }: Pick<Place, 'region' | 'zones'>,
): { readonly addresses: number; readonly what: string } {
  const guests = fleet.redis.kind === 'vm' && regionOf(redisZone(fleet)) === region ? 1 : 0;
  const relays = fleet.relays.perZone * zones.length;
  const floating = hasFloatingAddresses(fleet);
  const what = floating ? 'relays and floating addresses' : 'relays';
  return {
    addresses: relays + guests + (floating ? relays : 0),
    what: guests > 0 ? `${what} and Redis` : what,
  };
}
