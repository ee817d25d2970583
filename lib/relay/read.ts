import { isFleetError } from '../errors.ts';
import { parseMaxSessions } from '../ng/cli-text.ts';
import type { NgRequestOptions } from '../ng/client.ts';
import { statistics } from '../ng/commands.ts';
import type { Known } from '../ng/fields.ts';
import type { Statistics } from '../ng/statistics.ts';
import type { Relay } from './relay.ts';

/** What one look at a relay showed. A silent relay has calls until something else proves otherwise. */
export type RelayReading =
  | ({
      readonly kind: 'answer';
      /** When the answer arrived: Unix time in milliseconds, the reader's clock. */
      readonly at: number;
      /** Session limit in force: 0 = cordoned, -1 = none. `unknown` when it was not asked for or not understood. */
      readonly maxSessions: Known;
    } & Statistics)
  | { readonly kind: 'silence'; readonly at: number; readonly reason: string; readonly code: string };

export type ReadOptions = NgRequestOptions & {
  readonly now?: () => number;
  /** false: one ng round trip only, `maxSessions` stays `unknown`. Default true. */
  readonly limit?: boolean;
};

/**
 * Reads the session limit, then the counters, in that order: a reading with `maxSessions: 0` and no calls means that
 * no new call could come in between. Never rejects for what the relay does; only for an abort.
 */
export async function readRelay(relay: Relay, options: ReadOptions = {}): Promise<RelayReading> {
  const now = options.now ?? Date.now;
  try {
    const maxSessions = options.limit === false ? 'unknown' : await readLimitOrUnknown(relay, options);
    const counts = await statistics(relay.ng, options);
    return { kind: 'answer', at: now(), ...counts, maxSessions };
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    return { kind: 'silence', at: now(), reason: error.message, code: error.code };
  }
}

async function readLimitOrUnknown(relay: Relay, options: ReadOptions): Promise<Known> {
  try {
    return parseMaxSessions(await relay.cli('list maxsessions', options));
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    return 'unknown';
  }
}

/** Is the relay refusing new calls? Only a limit that was read back as 0 says so. */
export function isCordoned(reading: RelayReading): boolean | 'unknown' {
  if (reading.kind === 'silence' || reading.maxSessions === 'unknown') return 'unknown';
  return reading.maxSessions === 0;
}

export type Emptiness =
  | { readonly kind: 'empty' }
  | { readonly kind: 'busy'; readonly own: number; readonly foreign: number }
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * When a relay counts as empty: `statistics` answered, and its own **and** its foreign sessions are the number 0.
 * Own alone is not enough: after a moved address the calls of this relay's media are `foreign` (measured, 10.5-26.2).
 * Calls in delete-delay and empty calls still count; the caller waits, or ends the latter with `removeEmptyCalls`.
 * Packets and media are no part of it: they lag by up to two seconds and can be 0 while calls are on hold.
 */
export function emptiness(reading: RelayReading): Emptiness {
  if (reading.kind === 'silence') return { kind: 'unknown', reason: reading.reason };
  const { own, foreign } = reading;
  if (own === 'unknown' || foreign === 'unknown')
    return { kind: 'unknown', reason: 'its statistics have no session counts' };
  return own === 0 && foreign === 0 ? { kind: 'empty' } : { kind: 'busy', own, foreign };
}

/** Start estimates of one process differ by the second that `uptime` is cut to and the time of the answer. */
const START_TOLERANCE_MS = 3_000;

/**
 * Has RTPEngine been started again between two readings? It then forgot every `set`, the cordon among them.
 * Uptime going backwards proves it; a start instant that moved by more than 3 s catches a restart followed by a long
 * pause (and, harmlessly, a stepped clock: the cordon is then only asserted again).
 */
export function restartedBetween(before: RelayReading, after: RelayReading): boolean | 'unknown' {
  if (before.kind === 'silence' || after.kind === 'silence') return 'unknown';
  if (before.uptimeSeconds === 'unknown' || after.uptimeSeconds === 'unknown') return 'unknown';
  if (after.uptimeSeconds < before.uptimeSeconds) return true;
  const startedBefore = before.at - before.uptimeSeconds * 1_000;
  const startedAfter = after.at - after.uptimeSeconds * 1_000;
  return Math.abs(startedAfter - startedBefore) > START_TOLERANCE_MS;
}
