/**
 * What a caller with live calls tells about them, as JSON lines: the half of a report that the journal cannot know.
 * Times are ISO 8601 with milliseconds; a relay is named by its address. Types only, and a reader that skips nothing
 * silently.
 */

/** One line of a caller. */
export type CallLine = StartedLine | SecondLine | CallEndedLine | SummaryLine;

export type StartedLine = {
  readonly kind: 'started';
  readonly at: string;
  /** `address:port` of every relay, in the order in which they are asked. */
  readonly relays: readonly string[];
  /** Same seed and same answers = same calls. */
  readonly seed: number;
  /** Calls per second that arrive. */
  readonly rate: number;
  /** Below so many calls at once a further call starts at once. */
  readonly atLeast: number;
};

/** Once a second. */
export type SecondLine = {
  readonly kind: 'second';
  readonly at: string;
  /** Calls with media, in all and by relay; a relay without one is 0. */
  readonly talking: number;
  readonly relays: Readonly<Record<string, number>>;
};

/** A relay that was asked for a new call and did not take it. */
export type Diversion = { readonly relay: string; readonly because: 'load-limit' | 'silence' };

/** Packets of one direction, counted by sequence number at both ends. */
export type DirectionCounts = {
  /** Packets that the sending phone handed to the system, failed ones included. */
  readonly sent: number;
  /** Different packets of them that the other phone received. */
  readonly received: number;
  /** Arrivals of a packet that was there already. */
  readonly duplicates: number;
  /** Arrived 200 ms or more after they were sent; they are not lost. */
  readonly late: number;
  /** Arrivals that are not of this call: another SSRC, or a number that was never sent. */
  readonly stray: number;
  /** Packets that the system refused to send; each is also missing at the other end, and counted as lost. */
  readonly sendErrors: number;
};

export type CallEndedLine = {
  readonly kind: 'call-ended';
  readonly at: string;
  readonly id: string;
  /** The relay that carried it; absent: none took it. */
  readonly relay?: string;
  readonly startedAt: string;
  /** Seconds of media. */
  readonly seconds: number;
  /** From the first offer to the answer, milliseconds. */
  readonly setupMs?: number;
  readonly diverted: readonly Diversion[];
  /** Re-INVITEs that the relay accepted. */
  readonly reInvites: number;
  readonly aToB: DirectionCounts;
  readonly bToA: DirectionCounts;
  /** Packets sent and not received, both directions. */
  readonly lost: number;
  /** `cut`: no relay took it, its media stopped, or its relay refused or did not answer a request of this call. */
  readonly outcome: 'ok' | 'cut';
  /** Why it was cut, one clause. */
  readonly reason?: string;
};

export type SummaryLine = {
  readonly kind: 'summary';
  readonly at: string;
  readonly seconds: number;
  readonly calls: number;
  readonly cut: number;
  readonly packetsSent: number;
  readonly packetsLost: number;
  readonly duplicates: number;
  readonly late: number;
  readonly stray: number;
  readonly sendErrors: number;
  readonly reInvites: number;
  /** New calls that a relay did not take and another did. */
  readonly diverted: number;
  /** Fewest and most calls with media at one moment, from the end of the ramp-up to the stop. Absent: never ramped up. */
  readonly leastAtOnce?: number;
  readonly mostAtOnce: number;
  /** The caller's own health, for information: it never excuses a loss. */
  readonly caller: {
    /** Times that its event loop was held up for 20 ms or more, and the longest. */
    readonly stalls: number;
    readonly longestStallMs: number;
    /** Packets that were not sent because their time had passed in a stall. */
    readonly skippedPackets: number;
    readonly cpuSeconds: number;
  };
};

/** Reads JSON lines. A last line cut short (its writer was killed) is left out; any other bad line is `badLines`. */
export function readLines<T>(text: string): { readonly lines: readonly T[]; readonly badLines: number } {
  const rows = text.split('\n');
  const tail = rows.pop() ?? '';
  const complete = tail.trim() === '' ? rows : [...rows, tail];
  const parsed = complete.filter((row) => row.trim() !== '').map((row) => parseLine<T>(row));
  const lines = parsed.filter((value) => value !== undefined);
  const cutShort = tail.trim() !== '' && parsed.at(-1) === undefined ? 1 : 0;
  return { lines, badLines: parsed.length - lines.length - cutShort };
}

function parseLine<T>(row: string): T | undefined {
  try {
    const value: unknown = JSON.parse(row);
    return typeof value === 'object' && value !== null && 'kind' in value ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}
