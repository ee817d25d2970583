import { FleetError, isFleetError } from '../errors.ts';
import { parseSessions, type SessionLine } from '../ng/cli-text.ts';
import type { NgRequestOptions } from '../ng/client.ts';
import { deleteCall, query } from '../ng/commands.ts';
import { type CallDetail, readCallDetail } from './call-detail.ts';
import type { Relay } from './relay.ts';

/** A call that a relay still has. Ages are in seconds by the reader's clock against the relay's. */
export type RelayCall = {
  readonly callId: string;
  readonly ageSeconds: number;
  readonly foreign: boolean;
  /** See SessionLine: a hint, no evidence. */
  readonly markedDeleted: boolean;
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
    const calls = await mapLimited(sessions, options.parallel ?? 8, (line) =>
      describe(relay, line, now, options),
    );
    return { kind: 'answer', at: now(), calls };
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    return { kind: 'silence', at: now(), reason: error.message, code: error.code };
  }
}

/** True for a call that never was one: no tags at all. An offer whose SDP does not parse leaves it behind, and no
 * timeout but `final-timeout` ends it (mr13.1 to mr26.2.1.1, measured; daemon/call.c@mr13.4.1.10 call_timer_iterator). */
export function isEmptyCall(call: RelayCall): boolean {
  return call.detail.kind === 'known' && call.detail.tags === 0;
}

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
  const ending = present.filter((call) => call.markedDeleted && !isEmptyCall(call)).length;
  const foreign = present.filter((call) => call.foreign).length;
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

async function readSessions(relay: Relay, options: NgRequestOptions): Promise<readonly SessionLine[]> {
  const text = await relay.cli('list sessions all', options);
  const sessions = parseSessions(text);
  if (sessions !== undefined) return sessions;
  throw new FleetError({
    kind: 'hold',
    code: 'cli-not-understood',
    message: `${relay.place.name}: list sessions all answered ${JSON.stringify(text.slice(0, 120))}`,
  });
}

async function describe(
  relay: Relay,
  line: SessionLine,
  now: () => number,
  options: NgRequestOptions,
): Promise<RelayCall> {
  const nowSeconds = now() / 1_000;
  const { callId, foreign, markedDeleted } = line;
  const base = { callId, foreign, markedDeleted, ageSeconds: Math.max(0, nowSeconds - line.createdAt) };
  try {
    const found = await query(relay.bulk, callId, options);
    if (found.kind === 'unknown-call') return { ...base, detail: { kind: 'gone' } };
    return { ...base, detail: { kind: 'known', ...readCallDetail(found.fields, nowSeconds) } };
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    return { ...base, detail: { kind: 'unknown' } };
  }
}

async function mapLimited<In, Out>(
  items: readonly In[],
  parallel: number,
  act: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = new Array(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await act(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, worker));
  return results;
}

function cannotList(relay: Relay, reason: string): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'relay-silence',
    message: `${relay.place.name}: its calls cannot be listed: ${reason}`,
  });
}
