import { FleetError, isFleetError } from '../errors.ts';
import { mapLimited } from '../limited.ts';
import type { NgRequestOptions } from '../ng/client.ts';
import { deleteCall, query } from '../ng/commands.ts';
import { countAt, type Known } from '../ng/fields.ts';
import { type CallDetail, readCallDetail } from './call-detail.ts';
import type { Relay } from './relay.ts';
import { readSessions, type Session } from './sessions.ts';

/** A call that a relay still has. Ages are in seconds by the reader's clock against the relay's. */
export type RelayCall = {
  readonly callId: string;
  readonly ageSeconds: Known;
  /** `unknown` without a CLI port: ng tells neither this nor the mark. */
  readonly foreign: boolean | 'unknown';
  /** See SessionLine: a hint, no evidence. */
  readonly markedDeleted: boolean | 'unknown';
  /** `gone`: it ended while the list was read. `unknown`: the relay did not answer for this call. */
  readonly detail:
    | ({ readonly kind: 'known' } & CallDetail)
    | { readonly kind: 'gone' }
    | { readonly kind: 'unknown' };
};

export type CallList =
  | { readonly kind: 'answer'; readonly at: number; readonly calls: readonly RelayCall[] }
  | { readonly kind: 'silence'; readonly at: number; readonly reason: string; readonly code: string };

export type CallListOptions = NgRequestOptions & {
  readonly now?: () => number;
  /** Questions under way at once. Default 8. */
  readonly parallel?: number;
};

/** Every call left on a relay with what is known about it: for people, for reaping and for the list of what a forced
 * replacement cuts. Not for the delete guard, which uses `emptiness`. Rejects only for an abort. */
export async function listCalls(relay: Relay, options: CallListOptions = {}): Promise<CallList> {
  const now = options.now ?? Date.now;
  try {
    const sessions = await readSessions(relay, options);
    const describeOne = (session: Session) => describe(relay, session, now, options);
    const calls = await mapLimited(sessions, options.parallel ?? 8, describeOne);
    return { kind: 'answer', at: now(), calls };
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    return { kind: 'silence', at: now(), reason: error.message, code: error.code };
  }
}

/** True for a call that never was one: no tags at all. An offer whose SDP does not parse leaves it behind, and no
 * timeout but `final-timeout` ends it (mr13.1 to mr26.2.1.1, measured; daemon/call.c@mr13.4.1.10 call_timer_iterator). */
export function isEmptyCall(call: RelayCall): call is EmptyCall {
  return call.detail.kind === 'known' && call.detail.tags === 0 && call.ageSeconds !== 'unknown';
}
export type EmptyCall = RelayCall & { readonly ageSeconds: number };

export type CallCounts = {
  readonly total: number;
  readonly foreign: number;
  /** Marked deleted: probably over, waiting for delete-delay. */
  readonly ending: number;
  readonly empty: number;
  /** The rest, calls of unknown state included. */
  readonly live: number;
};

/**
 * Counts by kind, for `status` and forecasts. **No guard may use `live`**: a call that was revived by a re-offer keeps
 * its deletion mark, so `live` can be too low. What may be deleted is decided by `emptiness` of several readings alone.
 */
export function countLiveCalls(calls: readonly RelayCall[]): CallCounts {
  const present = calls.filter((call) => call.detail.kind !== 'gone');
  const empty = present.filter(isEmptyCall).length;
  const ending = present.filter((call) => call.markedDeleted === true && !isEmptyCall(call)).length;
  const foreign = present.filter((call) => call.foreign === true).length;
  return { total: present.length, foreign, ending, empty, live: present.length - empty - ending };
}

export type RemovedCalls = { readonly removed: readonly string[]; readonly left: readonly string[] };

/**
 * Ends the empty calls (`isEmptyCall`) that are older than `olderThanSeconds`; a call being set up is empty for
 * microseconds. Each is looked at again right before, deleted by call-id alone (with a from-tag RTPEngine keeps it,
 * measured) and asked for again: `left` are those still there. Rejects when the relay does not answer.
 */
export async function removeEmptyCalls(
  relay: Relay,
  options: CallListOptions & { readonly olderThanSeconds?: number } = {},
): Promise<RemovedCalls> {
  const list = await listCalls(relay, options);
  if (list.kind === 'silence') throw cannotList(relay, list.reason);
  const oldest = options.olderThanSeconds ?? 60;
  const candidates = list.calls.filter((call) => isEmptyCall(call) && call.ageSeconds > oldest);
  const removed: string[] = [];
  const left: string[] = [];
  for (const { callId } of candidates) {
    const gone = await removeIfEmpty(relay, callId, options);
    if (gone !== undefined) (gone ? removed : left).push(callId);
  }
  return { removed, left };
}

/** undefined: it is no longer empty, or no longer there, without our doing. */
async function removeIfEmpty(
  relay: Relay,
  callId: string,
  options: NgRequestOptions,
): Promise<boolean | undefined> {
  const before = await query(relay.ng, callId, options);
  if (before.kind === 'unknown-call' || readCallDetail(before.fields, 0).tags !== 0) return undefined;
  await deleteCall(relay.ng, { callId, delaySeconds: 0 }, options);
  return (await query(relay.ng, callId, options)).kind === 'unknown-call';
}

async function describe(
  relay: Relay,
  { callId, createdAt, foreign, markedDeleted }: Session,
  now: () => number,
  options: NgRequestOptions,
): Promise<RelayCall> {
  const { detail, created } = await readDetail(relay, callId, now, options);
  const since = createdAt === 'unknown' ? created : createdAt;
  const ageSeconds = since === 'unknown' ? since : Math.max(0, now() / 1_000 - since);
  return { callId, ageSeconds, foreign, markedDeleted, detail };
}

async function readDetail(
  relay: Relay,
  callId: string,
  now: () => number,
  options: NgRequestOptions,
): Promise<{ readonly detail: RelayCall['detail']; readonly created: Known }> {
  try {
    const found = await query(relay.ng, callId, options);
    if (found.kind === 'unknown-call') return { detail: { kind: 'gone' }, created: 'unknown' };
    const detail = readCallDetail(found.fields, now() / 1_000);
    return { detail: { kind: 'known', ...detail }, created: countAt(found.fields, 'created') };
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    return { detail: { kind: 'unknown' }, created: 'unknown' };
  }
}

function cannotList(relay: Relay, reason: string): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'relay-silence',
    message: `${relay.place.name}: its calls cannot be listed: ${reason}`,
  });
}
