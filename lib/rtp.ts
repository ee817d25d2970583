/** RTP (RFC 3550): just enough to build packets, to read them, and to count exactly what a stream lost. */

export type RtpPacket = {
  /** 0 = PCMU, 8 = PCMA. */
  readonly payloadType: number;
  /** 16 bits; wraps. */
  readonly sequence: number;
  /** 32 bits, in samples; wraps. */
  readonly timestamp: number;
  /** 32 bits. */
  readonly ssrc: number;
  readonly marker?: boolean;
  readonly payload: Uint8Array;
};

/** 20 ms of G.711 at 8 kHz. */
export const SAMPLES_PER_PACKET = 160;

const HEADER = 12;
const VERSION_2 = 0x80;

/** One packet without CSRCs, extension or padding. Numbers beyond their width wrap, as counters do. */
export function buildRtp(packet: RtpPacket): Buffer {
  const bytes = Buffer.alloc(HEADER + packet.payload.length);
  bytes.writeUInt8(VERSION_2, 0);
  bytes.writeUInt8((packet.marker === true ? 0x80 : 0) | (packet.payloadType & 0x7f), 1);
  bytes.writeUInt16BE(packet.sequence & 0xffff, 2);
  bytes.writeUInt32BE(packet.timestamp >>> 0, 4);
  bytes.writeUInt32BE(packet.ssrc >>> 0, 8);
  bytes.set(packet.payload, HEADER);
  return bytes;
}

/** Reads a packet; undefined for what is not RTP version 2, is RTCP (types 72-76, RFC 5761 §4), or is cut short. */
export function parseRtp(bytes: Buffer): RtpPacket | undefined {
  if (bytes.length < HEADER) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const payloadType = second & 0x7f;
  if (first >> 6 !== 2 || (payloadType >= 72 && payloadType <= 76)) return undefined;
  const start = payloadStart(bytes, first);
  const padding = (first & 0x20) === 0 ? 0 : bytes.readUInt8(bytes.length - 1);
  if (start === undefined || start + padding > bytes.length) return undefined;
  return {
    payloadType,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    marker: second >> 7 === 1,
    payload: bytes.subarray(start, bytes.length - padding),
  };
}

function payloadStart(bytes: Buffer, first: number): number | undefined {
  const afterSources = HEADER + (first & 0x0f) * 4;
  if ((first & 0x10) === 0) return afterSources;
  if (bytes.length < afterSources + 4) return undefined;
  return afterSources + 4 + bytes.readUInt16BE(afterSources + 2) * 4;
}

/** What one stream received. `lost` = gaps between its first and its highest packet; packets missing before the first
 * or after the last leave no gap: `missingOf` counts those too, when the sender's number of packets is known. */
export type StreamCounts = {
  readonly ssrc: number;
  /** Different packets. */
  readonly received: number;
  readonly lost: number;
  /** Arrivals of a packet that had arrived before. */
  readonly duplicates: number;
  /** Packets that arrived after a later one. */
  readonly reordered: number;
};

export type RtpCounter = {
  /** Counts one packet of any stream. */
  readonly count: (packet: Pick<RtpPacket, 'ssrc' | 'sequence'>) => void;
  /** One entry per SSRC, in order of first appearance. */
  readonly streams: () => readonly StreamCounts[];
};

/** Packets of a sender that did not arrive, its first and last ones included. */
export function missingOf(sent: number, streams: readonly StreamCounts[]): number {
  return Math.max(0, sent - streams.reduce((sum, stream) => sum + stream.received, 0));
}

type Stream = {
  /** Extended sequence numbers: they do not wrap. */
  lowest: number;
  highest: number;
  received: number;
  duplicates: number;
  reordered: number;
  /** One bit per 16-bit number, for the 32,768 numbers up to the highest. */
  readonly seen: Uint8Array;
};

/** Counts per SSRC from sequence numbers alone; exact while a packet is less than 32,768 numbers late. 8 KiB a stream. */
export function createRtpCounter(): RtpCounter {
  const streams = new Map<number, Stream>();
  return {
    count: ({ ssrc, sequence }) => {
      const stream = streams.get(ssrc);
      if (stream === undefined) streams.set(ssrc, newStream(sequence));
      else countInto(stream, sequence);
    },
    streams: () => [...streams].map(([ssrc, stream]) => countsOf(ssrc, stream)),
  };
}

function newStream(sequence: number): Stream {
  const seen = new Uint8Array(8_192);
  const stream = { lowest: sequence, highest: sequence, received: 1, duplicates: 0, reordered: 0, seen };
  mark(stream, sequence, true);
  return stream;
}

function countInto(stream: Stream, sequence: number): void {
  const step = ((sequence - stream.highest + 0x8000) & 0xffff) - 0x8000;
  const extended = stream.highest + step;
  if (step > 0) {
    for (let skipped = stream.highest + 1; skipped < extended; skipped += 1) mark(stream, skipped, false);
    stream.highest = extended;
  } else if (isMarked(stream, extended)) {
    stream.duplicates += 1;
    return;
  } else {
    stream.reordered += 1;
    stream.lowest = Math.min(stream.lowest, extended);
  }
  mark(stream, extended, true);
  stream.received += 1;
}

function mark(stream: Stream, extended: number, on: boolean): void {
  const at = extended & 0xffff;
  const byte = stream.seen[at >> 3] ?? 0;
  const bit = 1 << (at & 7);
  stream.seen[at >> 3] = on ? byte | bit : byte & ~bit;
}

function isMarked(stream: Stream, extended: number): boolean {
  const at = extended & 0xffff;
  return extended >= stream.lowest && ((stream.seen[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
}

function countsOf(ssrc: number, stream: Stream): StreamCounts {
  const { received, duplicates, reordered } = stream;
  return {
    ssrc,
    received,
    lost: stream.highest - stream.lowest + 1 - received,
    duplicates,
    reordered,
  };
}
