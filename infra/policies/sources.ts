/** Sources of firewall rules: how much of the world they are, and whether one lies in another. Pure. */
import { isIPv4 } from 'node:net';
import { addressNumber, isCidr, rangeSize } from '../../configs/range.ts';

/** What more addresses than one /8 may reach, everyone may. */
const LARGEST_CROWD = 2 ** 24;
/** The same for IPv6: a /16 is more than any provider has. */
const SHORTEST_IPV6_PREFIX = 16;

/** RFC 1918, shared address space (RFC 6598): nobody comes from there through the internet. */
const PRIVATE: readonly string[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

/** True when so many addresses of the internet are among them that it makes no difference who is left out. */
export function isTheWorld(ranges: readonly string[]): boolean {
  const outside = ranges.filter((range) => !isWithin(range, PRIVATE));
  if (outside.some((range) => !isCidr(range) && prefixOf(range) < SHORTEST_IPV6_PREFIX)) return true;
  const size = outside.filter(isCidr).reduce((sum, range) => sum + rangeSize(range), 0);
  return size > LARGEST_CROWD;
}

/** Whether every address of an IPv4 range is in one of the others; a range that cannot be read is in none. */
export function isWithin(range: string, others: readonly string[]): boolean {
  const whole = withPrefix(range);
  if (!isCidr(whole)) return others.includes(range);
  return others.map(withPrefix).some((other) => {
    const [start, end] = bounds(whole);
    const [from, to] = bounds(other);
    return isCidr(other) && start >= from && end <= to;
  });
}

/** GCE takes a single address for a range of one. */
function withPrefix(range: string): string {
  return isIPv4(range) ? `${range}/32` : range;
}

function bounds(range: string): readonly [number, number] {
  const start = addressNumber(range.split('/')[0] ?? '');
  return [start, start + rangeSize(range)];
}

/** What cannot be read counts as everyone. */
function prefixOf(range: string): number {
  const prefix = range.split('/')[1];
  if (prefix === undefined) return isIPv4(range) || range.includes(':') ? 128 : 0;
  return /^\d+$/.test(prefix) ? Number(prefix) : 0;
}
