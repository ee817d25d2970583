import { FleetError } from '../errors.ts';
import type { NgDict } from './bencode.ts';
import { type NgClient, type NgReply, type NgRequestOptions, onlyKeys } from './client.ts';
import { listAt, textAt } from './fields.ts';
import { parseStatistics, STATISTICS_KEYS, type Statistics } from './statistics.ts';

/** A call leg as a proxy names it. */
export type CallKey = { readonly callId: string; readonly fromTag: string; readonly toTag?: string };

/** `accepted` carries the SDP to hand on; the others say why the relay made no call. */
export type SdpReply =
  | { readonly kind: 'accepted'; readonly sdp: string; readonly fields: NgDict }
  | { readonly kind: 'load-limit'; readonly reason: string }
  | { readonly kind: 'error'; readonly reason: string };

/** Further ng fields (`ICE`, `replace`, `flags`, …), sent as they are. */
export type Extra = NgDict;

/** First leg. Says `supports: [load limit]`, so that a cordoned relay answers `load-limit`, which means: ask another. */
export async function offer(
  ng: NgClient,
  call: CallKey,
  sdp: string,
  extra: Extra = {},
  options?: NgRequestOptions,
): Promise<SdpReply> {
  const fields = { ...extra, ...keyFields(call), sdp, supports: ['load limit'] };
  return sdpReply(await ng.request('offer', fields, options));
}

/** Second leg; `call.toTag` is the answerer's tag. */
export async function answer(
  ng: NgClient,
  call: CallKey & { readonly toTag: string },
  sdp: string,
  extra: Extra = {},
  options?: NgRequestOptions,
): Promise<SdpReply> {
  return sdpReply(await ng.request('answer', { ...extra, ...keyFields(call), sdp }, options));
}

/** One-way leg of a publisher. No limit applies to it: a cordoned relay accepts it (all versions, measured). */
export async function publish(
  ng: NgClient,
  call: { readonly callId: string; readonly fromTag: string },
  sdp: string,
  options?: NgRequestOptions,
): Promise<SdpReply> {
  return sdpReply(await ng.request('publish', { ...keyFields(call), sdp }, options));
}

/** What to delete: the leg of a tag, as a proxy does, or without tags the whole call. `delaySeconds` overrides the
 * relay's delete-delay. Only the form without tags removes an empty call (mr13.1 and later, measured). */
export type DeleteInput = {
  readonly callId: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly delaySeconds?: number;
};

export type DeleteReply =
  | { readonly kind: 'deleted' }
  /** The relay has no such call: it answers `ok` with a warning. */
  | { readonly kind: 'unknown-call' }
  | { readonly kind: 'error'; readonly reason: string };

/** Ends a call or a leg of it. */
export async function deleteCall(
  ng: NgClient,
  input: DeleteInput,
  options?: NgRequestOptions,
): Promise<DeleteReply> {
  const delay = input.delaySeconds === undefined ? {} : { 'delete-delay': input.delaySeconds };
  const reply = await ng.request('delete', { ...keyFields(input), ...delay }, options);
  if (reply.kind !== 'ok') return { kind: 'error', reason: reply.reason };
  return reply.fields.warning === undefined ? { kind: 'deleted' } : { kind: 'unknown-call' };
}

export type QueryReply =
  | { readonly kind: 'call'; readonly fields: NgDict }
  /** RTPEngine refuses a query for one reason only: it has no such call. */
  | { readonly kind: 'unknown-call' };

/** All that the relay knows about one call. */
export async function query(ng: NgClient, callId: string, options?: NgRequestOptions): Promise<QueryReply> {
  const reply = await ng.request('query', { 'call-id': callId }, options);
  return reply.kind === 'ok' ? { kind: 'call', fields: reply.fields } : { kind: 'unknown-call' };
}

/** Resolves when the relay said `pong`. */
export async function ping(ng: NgClient, options?: NgRequestOptions): Promise<void> {
  const reply = await ng.request('ping', {}, options);
  if (reply.kind !== 'ok' || reply.result !== 'pong') throw refused('ping', ng, reply);
}

const STATISTICS = onlyKeys(STATISTICS_KEYS);

/** Counters of the relay. */
export async function statistics(ng: NgClient, options?: NgRequestOptions): Promise<Statistics> {
  const reply = await ng.request('statistics', {}, { ...options, only: STATISTICS });
  if (reply.kind !== 'ok') throw refused('statistics', ng, reply);
  return parseStatistics(reply.fields);
}

/** Call-ids on the relay, at most `limit` (RTPEngine's own default is 32, and there is no offset). Above some 1,900
 * calls the answer only fits TCP; over UDP such a list is `ng-silence`. */
export async function listCallIds(
  ng: NgClient,
  limit: number,
  options?: NgRequestOptions,
): Promise<readonly string[]> {
  const reply = await ng.request('list', { limit }, options);
  if (reply.kind !== 'ok') throw refused('list', ng, reply);
  const calls = listAt(reply.fields, 'calls');
  if (calls === undefined) throw refused('list', ng, reply);
  return calls.filter((id) => typeof id === 'string');
}

function keyFields(call: { callId: string; fromTag?: string; toTag?: string }): NgDict {
  return {
    'call-id': call.callId,
    ...(call.fromTag === undefined ? {} : { 'from-tag': call.fromTag }),
    ...(call.toTag === undefined ? {} : { 'to-tag': call.toTag }),
  };
}

function sdpReply(reply: NgReply): SdpReply {
  if (reply.kind !== 'ok') return { kind: reply.kind, reason: reply.reason };
  const sdp = textAt(reply.fields, 'sdp');
  if (sdp === undefined) return { kind: 'error', reason: 'the answer carries no SDP' };
  return { kind: 'accepted', sdp, fields: reply.fields };
}

function refused(command: string, { target }: NgClient, reply: NgReply): FleetError {
  const why = reply.kind === 'ok' ? `answered ${reply.result}` : reply.reason;
  return new FleetError({
    kind: 'retry',
    code: 'ng-refused',
    message: `${target.host}:${target.port} did not carry out ${command}: ${why}`,
  });
}
