/** How long the calls are up that relays have now. */
import type { Relay } from './core/fleet.ts';
import { callsOn } from './core/fleet.ts';
import { placeOf } from './ports.ts';
import type { Session } from './session.ts';
import { settledLimited } from './settled.ts';

/** Listing calls is dear, and so many relays tell enough. */
const RELAYS_ASKED = 64;
const AT_ONCE = 16;

/** Ages in seconds of all calls of some relays that have any; of a relay that does not tell, none. */
export async function agesIn(
  { relays: door }: Pick<Session, 'relays'>,
  relays: readonly Relay[],
): Promise<readonly number[]> {
  const busy = relays.filter((relay) => relay.address !== undefined && Number(callsOn(relay)) > 0);
  const told = await settledLimited(busy.slice(0, RELAYS_ASKED), AT_ONCE, (relay) =>
    door.ages(placeOf(relay)),
  );
  return told.flatMap((ages) => [...(ages?.values() ?? [])]);
}
