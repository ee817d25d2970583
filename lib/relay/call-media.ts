/** What kind of media a call has, and what of it was heard, from the answer to `query`. Pure. */
import type { NgDict } from '../ng/bencode.ts';
import { countAt, dictAt, isDict, type Known, listAt, textAt } from '../ng/fields.ts';

/** What a relay heard of one stream since it has the call. */
export type Heard = {
  readonly ssrc: number;
  readonly packets: number;
  /** 0 to 65,535, of the last packet. */
  readonly lastSequence: number;
};

export type CallMedia = {
  /** Of all media, by RTPEngine's own words: `SDES`, `DTLS-SRTP`, `transcoding`, `ICE`. */
  readonly flags: readonly string[];
  /** `RTP/AVP`, `UDP/TLS/RTP/SAVPF`. */
  readonly protocols: readonly string[];
  /** Of this host, at which its ports are: `10.0.0.50`. */
  readonly addresses: readonly string[];
  /** RTP packets that came in since the call began, restored counts included; `unknown`: not told. */
  readonly packets: Known;
  /** Empty in 10.5, which tells no sequence numbers; the same SSRC stands for one stream only. */
  readonly heard: readonly Heard[];
};

/** Reads 10.5, 12.5 and 26.0 (measured: 12.5 hangs `ingress SSRCs` on the stream, 26.0 on the media). Undefined: it does not
 * tell its media. */
export function readCallMedia(fields: NgDict): CallMedia | undefined {
  const tags = dictAt(fields, 'tags');
  if (tags === undefined) return undefined;
  const medias = Object.values(tags)
    .filter(isDict)
    .flatMap((tag) => dicts(tag, 'medias'));
  const streams = medias.flatMap((media) => dicts(media, 'streams'));
  const protocols = medias.map((media) => textAt(media, 'protocol'));
  const flags = medias.map((media) => listAt(media, 'flags'));
  if (flags.includes(undefined)) return undefined;
  const heard = [...medias, ...streams].flatMap((one) => dicts(one, 'ingress SSRCs')).flatMap(heardOf);
  return {
    flags: [...new Set(flags.flatMap((list) => list ?? []).filter((flag) => typeof flag === 'string'))],
    protocols: [...new Set(protocols.map((protocol) => protocol ?? 'unknown'))],
    addresses: [...new Set(streams.map((stream) => textAt(stream, 'local address') ?? 'unknown'))],
    packets: countAt(dictAt(dictAt(fields, 'totals'), 'RTP'), 'packets'),
    heard: [...new Map(heard.map((one) => [one.ssrc, one])).values()],
  };
}

function dicts(dict: NgDict, key: string): readonly NgDict[] {
  return (listAt(dict, key) ?? []).filter(isDict);
}

/** An SSRC without a packet has the sequence number -1. */
function heardOf(entry: NgDict): readonly Heard[] {
  const [ssrc, packets, last] = [
    countAt(entry, 'SSRC'),
    countAt(entry, 'packets'),
    countAt(entry, 'last RTP seq'),
  ];
  if (ssrc === 'unknown' || packets === 'unknown' || last === 'unknown') return [];
  return [{ ssrc, packets, lastSequence: last % 65_536 }];
}
