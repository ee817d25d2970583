/** What a version of RTPEngine has to be able to do where calls move with their address. Pure. */
import { isWithin, type VersionRange } from './version-range.ts';

/**
 * `listen-ng` is a list, and a reply leaves from the address that was asked (`control_ng.c` gives it to `socket_sendiov`, `udp_listener.c` asks for IP_PKTINFO):
 * both are in the source of mr11.5.1.26 and mr12.5.1.31 (and measured there), neither in that of mr10.5.3.5 and mr11.4.1.7 (daemon/main.c).
 */
const SEVERAL: VersionRange = { from: 'mr11.5' };

/** Does it answer ng at several addresses? Throws FleetError `usage` for what is no version. */
export function carriesSeveralAddresses(version: string): boolean {
  return isWithin(version, SEVERAL);
}
