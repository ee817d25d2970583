import { crc32 } from 'node:zlib';

/** How a proxy picks the relay of a new call: in turn, or by a hash of the Call-ID as Kamailio does. */
export type Pick = 'turn' | 'hash';

export type Routing = {
  /** Indexes of all relays in the order in which this call asks them. */
  readonly orderFor: (callId: string, now: number) => readonly number[];
  /** The relay did not answer: it is asked last until `SILENT_MS` have passed. */
  readonly wasSilent: (relay: number, now: number) => void;
  readonly answered: (relay: number) => void;
};

/**
 * So soon is a silent relay asked again. A proxy in production waits longer (Kamailio: 60 s); here a relay that is
 * back has to be seen at once, and a call is never lost by asking: the next relay follows.
 */
const SILENT_MS = 1_000;

/** Order of relays for new calls; a relay that was silent just now comes last and is never left out. */
export function createRouting(relays: number, pick: Pick): Routing {
  const silentUntil = new Map<number, number>();
  let turn = 0;
  return {
    orderFor: (callId, now) => {
      const first = pick === 'turn' ? turn++ % relays : crc32(callId) % relays;
      const order = Array.from({ length: relays }, (_, step) => (first + step) % relays);
      const isSilent = (relay: number) => (silentUntil.get(relay) ?? 0) > now;
      return [...order.filter((relay) => !isSilent(relay)), ...order.filter(isSilent)];
    },
    wasSilent: (relay, now) => {
      silentUntil.set(relay, now + SILENT_MS);
    },
    answered: (relay) => {
      silentUntil.delete(relay);
    },
  };
}
