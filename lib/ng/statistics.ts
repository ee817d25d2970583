import type { NgDict } from './bencode.ts';
import { countAt, dictAt, type Known } from './fields.ts';

/** The part of `statistics` that rtpfleet uses; its keys are the same in 10.5, 12.5, 13.4 and 26.0 (measured). */
export type Statistics = {
  /** Seconds since the process started. RTPEngine sends it as text. */
  readonly uptimeSeconds: Known;
  /** Calls that this relay made itself or restored from its own Redis keys, those in delete-delay included. */
  readonly own: Known;
  /** Calls seen through another relay's Redis keys; after a moved address they may carry media here. */
  readonly foreign: Known;
  /** Packets relayed in the last second. */
  readonly packetRate: Known;
  /** Media that had a packet in the last two seconds, userspace, kernel and mixed together. */
  readonly media: Known;
  /** Calls that ended since the start; those that are up are not in it. */
  readonly managedTotal: Known;
  /** Offers refused since the start; from mr13.1 on, accepted re-offers of a cordoned relay are counted here too. */
  readonly rejectedTotal: Known;
  /** Packets that the kernel relayed since the start. */
  readonly kernelPackets: Known;
  readonly tally: Tally;
};

/** What became of calls and packets since the start; the same keys in 10.5, 12.5 and 26.0 (measured). */
export type Tally = {
  /** Calls that ended. */
  readonly ended: Known;
  /** Of these, by `timeout`: their media stopped, and nobody hung up. */
  readonly timedOut: Known;
  /** Streams on which packets came from one side only, counted when their call ends. */
  readonly oneWay: Known;
  readonly packets: Known;
  readonly packetErrors: Known;
  /** Gaps in the sequence numbers of what arrived. */
  readonly packetsLost: Known;
};

/** Every key that `parseStatistics` reads, of some 400 in an answer. */
export const STATISTICS_KEYS = [
  ...['statistics', 'currentstatistics', 'totalstatistics', 'voip_metrics'],
  ...['sessionsown', 'sessionsforeign', 'packetrate', 'media_userspace', 'media_kernel', 'media_mixed'],
  ...['uptime', 'managedsessions', 'rejectedsessions', 'timeoutsessions', 'onewaystreams'],
  ...['relayedpackets', 'relayedpackets_kernel', 'relayedpacketerrors', 'packets_lost'],
] as const;

/** Reads the answer to `statistics`. Whatever is missing or of a wrong type is `unknown`, never zero. */
export function parseStatistics(fields: NgDict): Statistics {
  const all = dictAt(fields, 'statistics');
  const current = dictAt(all, 'currentstatistics');
  const total = dictAt(all, 'totalstatistics');
  return {
    uptimeSeconds: countAt(total, 'uptime'),
    own: countAt(current, 'sessionsown'),
    foreign: countAt(current, 'sessionsforeign'),
    packetRate: countAt(current, 'packetrate'),
    media: sum(['media_userspace', 'media_kernel', 'media_mixed'].map((key) => countAt(current, key))),
    managedTotal: countAt(total, 'managedsessions'),
    rejectedTotal: countAt(total, 'rejectedsessions'),
    kernelPackets: countAt(total, 'relayedpackets_kernel'),
    tally: {
      ended: countAt(total, 'managedsessions'),
      timedOut: countAt(total, 'timeoutsessions'),
      oneWay: countAt(total, 'onewaystreams'),
      packets: countAt(total, 'relayedpackets'),
      packetErrors: countAt(total, 'relayedpacketerrors'),
      packetsLost: countAt(dictAt(all, 'voip_metrics'), 'packets_lost'),
    },
  };
}

function sum(counts: readonly Known[]): Known {
  let total = 0;
  for (const count of counts) {
    if (count === 'unknown') return 'unknown';
    total += count;
  }
  return total;
}
