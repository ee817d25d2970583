/** Whether an image can serve a fleet whose relays have floating addresses. Pure. */
import type { Fleet } from '../configs/fleet.ts';
import { hasFloatingAddresses } from '../configs/floating.ts';
import { FleetError } from '../lib/errors.ts';
import { carriesSeveralAddresses } from '../lib/floating.ts';

/** @throws FleetError `usage`, code `no-floating-addresses`: the fleet has such, and this RTPEngine answers ng at one address only */
export function checkFloating(fleet: Fleet, version: string): void {
  if (!hasFloatingAddresses(fleet) || carriesSeveralAddresses(version)) return;
  throw new FleetError({
    kind: 'usage',
    code: 'no-floating-addresses',
    message: `RTPEngine ${version} answers ng at one address only, and network.floatingAddresses of fleet ${fleet.name} needs one that answers at several.`,
    hint: 'Take mr11.5 or later (Debian 13 has 12.5), or set network.floatingAddresses to none.',
  });
}
