/** IPv4 ranges in CIDR form. Pure. */
import { isIPv4 } from 'node:net';

/** True for `10.128.0.0/20`: address, prefix 0-32, no host bits set. */
export function isCidr(text: string): boolean {
  const [address = '', prefix = '', rest] = text.split('/');
  if (rest !== undefined || !isIPv4(address) || !/^(3[0-2]|[12]?[0-9])$/.test(prefix)) return false;
  const hostBits = 32 - Number(prefix);
  return hostBits === 0 || addressNumber(address) % 2 ** hostBits === 0;
}

/** `10.0.0.1` → 167772161. */
export function addressNumber(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

/** How many addresses a range has. */
export function rangeSize(range: string): number {
  return 2 ** (32 - Number(range.split('/')[1] ?? 32));
}

/** Whether two ranges share an address. */
export function overlap(one: string, other: string): boolean {
  const [first, second] = [startOf(one), startOf(other)];
  return first < second + rangeSize(other) && second < first + rangeSize(one);
}

function startOf(range: string): number {
  return addressNumber(range.split('/')[0] ?? '');
}
