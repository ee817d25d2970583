import type { Known } from './fields.ts';

/** One line of `list sessions own|foreign|all`. */
export type SessionLine = {
  readonly callId: string;
  /** Unix time in seconds, by the relay's clock. */
  readonly createdAt: number;
  /** A leg was deleted by tag and waits for delete-delay. Not set by a delete without tags, and kept by a call that a
   * re-offer revived: a hint for people, no evidence that a call is over or alive. */
  readonly markedDeleted: boolean;
  readonly foreign: boolean;
};

/** Reads `list maxsessions`; -1 = no limit. The same text in 10.5, 12.5, 13.4 and 26.0 (measured). */
export function parseMaxSessions(text: string): Known {
  return wholeNumber(/^Maximum sessions configured on rtpengine: (-?\d+)\s*$/.exec(text)?.[1]);
}

/** Reads `list deletedelay`: seconds, alone on a line. */
export function parseDeleteDelay(text: string): Known {
  return wholeNumber(/^(\d+)\s*$/.exec(text)?.[1]);
}

/** Reads `list numsessions`. */
export function parseNumSessions(text: string): { readonly own: Known; readonly foreign: Known } {
  return {
    own: wholeNumber(/^Current sessions own: (\d+)$/m.exec(text)?.[1]),
    foreign: wholeNumber(/^Current sessions foreign: (\d+)$/m.exec(text)?.[1]),
  };
}

/** Reads `params diff`: options that differ from those at the start of the process, e.g. `max-sessions: -1 => 0`. */
export function parseParamsDiff(text: string): ReadonlyMap<string, { from: string; to: string }> {
  const lines = [...text.matchAll(/^(\S+): (\S+) => (\S+)$/gm)];
  return new Map(lines.map(([, name = '', from = '', to = '']) => [name, { from, to }]));
}

/** `ID: … | del:n | creat: … | prx:… | redis:… | frgn:n | rec:n`, 12.5 and later. */
const LINE_12 = /^ID: +(.*) \| del:([yn]) \| creat: *(\d+) \| prx:.* \| frgn:([yn]) \| rec:[yn]$/;
/** `callid: … | deletionmark: no | created: … | proxy:… | redis_keyspace:… | foreign:no`, 10.5. */
const LINE_10 =
  /^callid: +(.*) \| deletionmark: *(yes|no) \| created: *(\d+) +\| proxy:.* \| foreign:(yes|no)$/;
const NO_SESSIONS = /^No (?:\w+ )?sessions on this media relay\.\s*$/;

/** Reads `list sessions own|foreign|all`. Undefined when any line is not understood: half a list is no list. */
export function parseSessions(text: string): readonly SessionLine[] | undefined {
  if (NO_SESSIONS.test(text)) return [];
  const lines = text.split('\n').filter((line) => line !== '');
  const sessions = lines.map(parseSessionLine).filter((line) => line !== undefined);
  return lines.length > 0 && sessions.length === lines.length ? sessions : undefined;
}

function parseSessionLine(line: string): SessionLine | undefined {
  const found = LINE_12.exec(line) ?? LINE_10.exec(line);
  if (found === null) return undefined;
  const [, callId = '', deleted = '', created = '', foreign = ''] = found;
  return {
    callId,
    createdAt: Number(created),
    markedDeleted: deleted.startsWith('y'),
    foreign: foreign.startsWith('y'),
  };
}

function wholeNumber(digits: string | undefined): Known {
  const value = digits === undefined ? Number.NaN : Number(digits);
  return Number.isSafeInteger(value) ? value : 'unknown';
}
