import { FleetError } from '../errors.ts';
import { parseNumSessions, parseSessions } from '../ng/cli-text.ts';
import type { NgRequestOptions } from '../ng/client.ts';
import { listCallIds } from '../ng/commands.ts';
import type { Known } from '../ng/fields.ts';
import type { Relay } from './relay.ts';

/** A call on a relay, as far as its list tells. */
export type Session = {
  readonly callId: string;
  /** Unix time in seconds, by the relay's clock. */
  readonly createdAt: Known;
  readonly foreign: boolean | 'unknown';
  /** See SessionLine: a hint, no evidence. */
  readonly markedDeleted: boolean | 'unknown';
};

/** RTPEngine has no pages: all call-ids or none. */
const ALL_CALLS = 1_000_000;

/** All calls of a relay. Over the CLI port with all fields; without one only the call-ids, by ng's own `list`, since
 * the CLI's list over ng could end the relay (lib/ng/cli.ts). Rejects with `cli-not-understood` (retry) rather than
 * return a part of them. */
export async function readSessions(relay: Relay, options: NgRequestOptions): Promise<readonly Session[]> {
  if (relay.place.cliPort !== undefined) return await readOverCli(relay, options);
  const ids = await listCallIds(relay.bulk, ALL_CALLS, options);
  return ids.map((callId) => ({
    callId,
    createdAt: 'unknown',
    foreign: 'unknown',
    markedDeleted: 'unknown',
  }));
}

/** A list that was cut at a line's end looks complete, so it must have as many calls as there were before or after it:
 * RTPEngine closes the CLI connection without waiting for what a full socket did not take (lib/ng/cli.ts). */
async function readOverCli(relay: Relay, options: NgRequestOptions): Promise<readonly Session[]> {
  let text = '';
  for (let tries = 0; tries < 3; tries += 1) {
    const before = await countSessions(relay, options);
    text = await relay.cli('list sessions all', options);
    const after = await countSessions(relay, options);
    const sessions = parseSessions(text);
    if (sessions !== undefined && sessions.length >= Math.min(before, after)) return sessions;
  }
  throw notUnderstood(relay, 'list sessions all', text);
}

async function countSessions(relay: Relay, options: NgRequestOptions): Promise<number> {
  const text = await relay.cli('list numsessions', options);
  const { own, foreign } = parseNumSessions(text);
  if (own === 'unknown' || foreign === 'unknown') throw notUnderstood(relay, 'list numsessions', text);
  return own + foreign;
}

function notUnderstood(relay: Relay, command: string, text: string): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'cli-not-understood',
    message: `${relay.place.name}: ${command} answered ${JSON.stringify(text.slice(-120))} after ${text.length} characters`,
  });
}
