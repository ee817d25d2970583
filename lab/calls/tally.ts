import type { DirectionCounts } from '../../rollout/report/call-lines.ts';

/** One direction of a call: what its sender sent and what arrived of it, number by number. */
export type Tally = {
  /** The next packet to send: its number from 0 on. Times are milliseconds of one clock for both ends. */
  readonly sending: (now: number) => number;
  readonly sendFailed: () => void;
  /** A packet arrived at the other end. */
  readonly arrived: (packet: { readonly ssrc: number; readonly sequence: number }, now: number) => void;
  readonly counts: () => DirectionCounts;
  readonly missing: () => number;
  /** Packets sent since the last one that arrived. */
  readonly unansweredRun: () => number;
};

export type TallyOptions = { readonly ssrc: number; readonly firstSequence: number };

/** A packet that needs so long, milliseconds, comes too late for a phone's jitter buffer. */
const LATE_MS = 200;

/** Exact while a call sends fewer than 65,536 packets (21 minutes): a number then stands for one packet only. */
export function createTally({ ssrc, firstSequence }: TallyOptions): Tally {
  const sentAt: number[] = [];
  const seen: boolean[] = [];
  const counts = { received: 0, duplicates: 0, late: 0, stray: 0, sendErrors: 0 };
  let sentAtLastArrival = 0;
  return {
    sending: (now) => sentAt.push(now) - 1,
    sendFailed: () => {
      counts.sendErrors += 1;
    },
    arrived: (packet, now) => {
      const number = (packet.sequence - firstSequence) & 0xffff;
      const sent = sentAt[number];
      if (packet.ssrc !== ssrc || sent === undefined) counts.stray += 1;
      else if (seen[number] === true) counts.duplicates += 1;
      else {
        seen[number] = true;
        counts.received += 1;
        if (now - sent >= LATE_MS) counts.late += 1;
        sentAtLastArrival = sentAt.length;
      }
    },
    counts: () => ({ sent: sentAt.length, ...counts }),
    missing: () => sentAt.length - counts.received,
    unansweredRun: () => sentAt.length - sentAtLastArrival,
  };
}
