/** The calls that are left on relays, and why each holds its relay, for people. No guard looks at this. Pure. */
import type { RelayCall } from '../../lib/relay/calls.ts';
import { plural } from './words.ts';

/** One call; what is not known is absent. Ages in whole seconds. */
export type CallRow = {
  readonly callId: string;
  readonly ageSeconds?: number;
  readonly lastPacketSeconds?: number;
  /** No packet for longer than `SILENT_SECONDS`. */
  readonly silent?: boolean;
  /** Taken over from another relay through Redis. */
  readonly foreign?: boolean;
  /** Marked deleted: probably over, and kept for delete-delay. */
  readonly ending?: boolean;
  /** Without any party. */
  readonly empty?: boolean;
  readonly because: string;
};

/** A phone on hold, or with silence suppression, still sends something within this. */
const SILENT_SECONDS = 10;

/** Oldest first; calls that ended while the list was read are left out. */
export function callRows(calls: readonly RelayCall[]): readonly CallRow[] {
  const present = calls.filter(({ detail }) => detail.kind !== 'gone');
  return present.map(rowOf).toSorted((a, b) => (b.ageSeconds ?? Infinity) - (a.ageSeconds ?? Infinity));
}

function rowOf(call: RelayCall): CallRow {
  const { callId, ageSeconds, foreign, markedDeleted, detail } = call;
  const empty = detail.kind === 'known' && detail.tags !== 'unknown' ? detail.tags === 0 : undefined;
  const last = detail.kind === 'known' ? detail.lastPacketSeconds : 'unknown';
  return {
    callId,
    ...(ageSeconds === 'unknown' ? {} : { ageSeconds: Math.round(ageSeconds) }),
    ...(last === 'unknown' || empty === true
      ? {}
      : { lastPacketSeconds: Math.round(last), silent: last > SILENT_SECONDS }),
    ...(foreign === 'unknown' ? {} : { foreign }),
    ...(markedDeleted === 'unknown' ? {} : { ending: markedDeleted }),
    ...(empty === undefined ? {} : { empty }),
    because: becauseOf(call),
  };
}

function becauseOf({ detail, foreign, markedDeleted }: RelayCall): string {
  if (detail.kind !== 'known') return 'the relay tells nothing about it, so it counts as live';
  if (detail.tags === 0) return 'it has no party and no timeout ends it; a drain removes it';
  if (markedDeleted === true) return 'it was ended and is still kept (delete-delay)';
  const from = foreign === true ? 'taken over from another relay; ' : '';
  return `${from}${mediaWords(detail)}`;
}

function mediaWords({
  packets,
  lastPacketSeconds: last,
}: Extract<RelayCall['detail'], { readonly kind: 'known' }>): string {
  if (packets === 0) return 'no packet has come yet: it rings, or its phones reach no relay';
  if (last === 'unknown') return 'it is up';
  if (last <= SILENT_SECONDS) return 'media flows';
  return `no packet for ${plural(Math.round(last), 'second')}: on hold, or its end was never told`;
}
