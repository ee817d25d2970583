import type { NgDict } from '../ng/bencode.ts';
import { countAt, dictAt, isDict, type Known, listAt } from '../ng/fields.ts';

/** What `query` says about one call. */
export type CallDetail = {
  /** Participants; 0 = an empty call. `unknown` when the answer has no `tags`. */
  readonly tags: Known;
  /** RTP and RTCP streams of all participants. */
  readonly streams: number;
  /** Packets that arrived on them since the call began. */
  readonly packets: Known;
  /** Seconds since the last packet; RTPEngine sets it to the creation time at first, so it is also known without any. */
  readonly lastPacketSeconds: Known;
  /** Seconds since the last offer, answer or delete. */
  readonly lastSignalSeconds: Known;
};

/** Reads the answer to `query`. `nowSeconds` is Unix time; ages below zero (clocks apart) become 0. */
export function readCallDetail(fields: NgDict, nowSeconds: number): CallDetail {
  const tags = dictAt(fields, 'tags');
  const streams = tags === undefined ? [] : Object.values(tags).filter(isDict).flatMap(streamsOf);
  const lastPacket = latest(streams.map((stream) => countAt(stream, 'last packet')));
  const lastSignal = countAt(fields, 'last signal');
  return {
    tags: tags === undefined ? 'unknown' : Object.keys(tags).length,
    streams: streams.length,
    packets: total(streams.map((stream) => countAt(dictAt(stream, 'stats'), 'packets'))),
    lastPacketSeconds: age(nowSeconds, lastPacket),
    lastSignalSeconds: age(nowSeconds, lastSignal),
  };
}

function streamsOf(tag: NgDict): readonly NgDict[] {
  const medias = listAt(tag, 'medias') ?? [];
  return medias.filter(isDict).flatMap((media) => (listAt(media, 'streams') ?? []).filter(isDict));
}

function latest(times: readonly Known[]): Known {
  const known = times.filter((time) => time !== 'unknown');
  return known.length === times.length && known.length > 0 ? Math.max(...known) : 'unknown';
}

function total(counts: readonly Known[]): Known {
  const known = counts.filter((count) => count !== 'unknown');
  return known.length === counts.length ? known.reduce((sum, count) => sum + count, 0) : 'unknown';
}

/** A time of 0 means that it never happened. */
function age(nowSeconds: number, time: Known): Known {
  return time === 'unknown' || time === 0 ? 'unknown' : Math.max(0, nowSeconds - time);
}
