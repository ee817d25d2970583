/** Reserved addresses of the lab's range. */
import { inRange, nextAddress, takenAddresses, userOf } from '../addresses.ts';
import { fingerprintOf } from '../context.ts';
import { invalid } from '../refusal.ts';
import type { Address } from '../types.ts';
import type { SimpleKind } from './simple.ts';

export const address: SimpleKind = {
  service: 'Addresses',
  table: 'addresses',
  kind: 'compute#address',
  variable: 'address',
  patch: false,
  aggregated: true,
  complete: (call, resource, self) => {
    const { lab } = call;
    const present = lab.state.tables.addresses[self]?.resource as Address | undefined;
    const given = resource.address === undefined ? undefined : String(resource.address);
    if (
      given !== undefined &&
      present === undefined &&
      (!inRange(lab, given) || takenAddresses(lab).has(given))
    )
      throw invalid(
        'resource.address',
        given,
        `The address is not free in the lab's range ${lab.network.range}.`,
      );
    const type = resource.addressType ?? 'EXTERNAL';
    return {
      networkTier: 'PREMIUM',
      ipVersion: 'IPV4',
      labelFingerprint: fingerprintOf(resource.labels as object | undefined),
      ...(type === 'INTERNAL' ? { purpose: 'GCE_ENDPOINT' } : {}),
      ...resource,
      addressType: type,
      status: 'RESERVED',
      address: given ?? nextAddress(lab),
    };
  },
  usedBy: (lab, self) => userOf(lab, lab.state.tables.addresses[self]?.resource.address ?? ''),
};
