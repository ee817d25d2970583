import type { RolloutEvent } from '../core/events.ts';
import type { CallEndedLine } from './call-lines.ts';

/** A call has a stream each way. */
const STREAMS = 2;
/** Of each stream one that a relay heard may not have been passed on when the address went. */
const UNDERWAY = 1;

export type MovedCalls = {
  readonly calls: number;
  /** Packets that calls lost by moving. */
  readonly packetsLost: number;
  /** Ids of the calls that lost no other. */
  readonly explained: ReadonlySet<string>;
};

/**
 * Calls that went on at another relay, and what of their losses that explains: as many packets of each stream as the journal says that
 * neither relay heard, and one. A call that lost more, or of which the relays do not tell, is not explained. Pure.
 */
export function movedCalls(
  events: readonly RolloutEvent[],
  ended: readonly CallEndedLine[],
): MovedCalls | undefined {
  const gaps = gapsOf(events);
  if (gaps.size === 0) return undefined;
  const explained = ended.filter(
    ({ id, lost, outcome }) => outcome === 'ok' && lost > 0 && lost <= STREAMS * (gaps.get(id) ?? 0),
  );
  return {
    calls: gaps.size,
    packetsLost: explained.reduce((sum, { lost }) => sum + lost, 0),
    explained: new Set(explained.map(({ id }) => id)),
  };
}

/** Packets of a stream that were missed in all moves of a call, by its id. */
function gapsOf(events: readonly RolloutEvent[]): ReadonlyMap<string, number> {
  const gaps = new Map<string, number>();
  for (const event of events) {
    if (event.kind !== 'action-done') continue;
    for (const { callId, packets } of event.moved?.gaps ?? [])
      gaps.set(callId, (gaps.get(callId) ?? 0) + (packets === 'unknown' ? 0 : packets + UNDERWAY));
  }
  return gaps;
}
