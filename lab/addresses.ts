/** IPv4 addresses of the lab's network: who has which, and which is next. */
import { FleetError } from '../lib/errors.ts';
import type { Lab } from './context.ts';
import type { Link } from './types.ts';

const toNumber = (address: string): number =>
  address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);

const toAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/** First and last host address of a range like `10.77.12.0/24`. Pure. */
export function hostsOf(range: string): { readonly first: number; readonly last: number } {
  const [base = '', bits = ''] = range.split('/');
  const size = 2 ** (32 - Number(bits));
  const network = Math.floor(toNumber(base) / size) * size;
  return { first: network + 1, last: network + size - 2 };
}

/** Is this an address that machines of the lab may have? */
export function inRange(lab: Lab, address: string): boolean {
  const { first, last } = hostsOf(lab.network.range);
  const value = toNumber(address);
  return value >= first && value <= last && !lab.network.reserved.includes(address);
}

/** Addresses that belong to an instance, a managed VM that keeps its own, a reservation, or a forwarding rule. */
export function takenAddresses(lab: Lab): Set<string> {
  const { instances, instanceGroupManagers, addresses, forwardingRules } = lab.state.tables;
  const taken = new Set<string>([lab.network.gateway, ...lab.network.reserved]);
  for (const { resource } of Object.values(instances))
    for (const { networkIP } of resource.networkInterfaces ?? []) if (networkIP) taken.add(networkIP);
  for (const { members } of Object.values(instanceGroupManagers))
    for (const { address } of Object.values(members)) if (address) taken.add(address);
  for (const { resource } of Object.values(addresses)) if (resource.address) taken.add(resource.address);
  for (const { resource } of Object.values(forwardingRules))
    if (resource.IPAddress) taken.add(resource.IPAddress);
  return taken;
}

/** The instance or forwarding rule that has this address now: nothing else can have it beside them. */
export function userOf(lab: Lab, address: string): Link | undefined {
  const { instances, forwardingRules } = lab.state.tables;
  const instance = Object.entries(instances).find(([, { resource }]) =>
    resource.networkInterfaces?.some(({ networkIP }) => networkIP === address),
  );
  const rule = Object.entries(forwardingRules).find(([, { resource }]) => resource.IPAddress === address);
  return (instance ?? rule)?.[0];
}

/**
 * The next free address. They are handed round, not the lowest free one: a re-created machine without a stateful address gets
 * another one, as on GCE, so that a fleet that relies on luck shows. Rejects with code `no-address`.
 */
export function nextAddress(lab: Lab): string {
  const { first, last } = hostsOf(lab.network.range);
  const taken = takenAddresses(lab);
  const count = last - first + 1;
  for (let step = 1; step <= count; step++) {
    const offset = (lab.state.lastHost + step) % count;
    const address = toAddress(first + offset);
    if (taken.has(address)) continue;
    lab.state.lastHost = offset;
    return address;
  }
  throw new FleetError({
    kind: 'hold',
    code: 'IP_SPACE_EXHAUSTED',
    message: `IP space of ${lab.network.range} is exhausted.`,
  });
}
