/** Which ports the relay's own connections may take: none that RTP or RTPEngine's listeners need. Pure. */

/** Both ends included. */
export type PortRange = { readonly min: number; readonly max: number };

/** Above those that services are known by. */
const LOWEST = 10_240;
const HIGHEST = 65_535;

/** A relay speaks to Redis, the metadata server and a name server; the rest is what lingers in TIME_WAIT. */
export const FEWEST_LOCAL_PORTS = 1_000;

/** The wider of the two ranges below and above the media ports: `net.ipv4.ip_local_port_range`. */
export function localPorts(media: PortRange): PortRange {
  const below = { min: LOWEST, max: media.min - 1 };
  const above = { min: Math.max(media.max + 1, LOWEST), max: HIGHEST };
  return sizeOf(above) >= sizeOf(below) ? above : below;
}

export function sizeOf({ min, max }: PortRange): number {
  return Math.max(0, max - min + 1);
}

export function overlap(a: PortRange, b: PortRange): boolean {
  return a.min <= b.max && b.min <= a.max;
}
