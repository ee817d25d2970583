import { expect, test } from 'vitest';
import {
  parseDeleteDelay,
  parseMaxSessions,
  parseNumSessions,
  parseParamsDiff,
  parseSessions,
} from '../../../lib/ng/cli-text.ts';

// Texts as the real 10.5.3.5 and 12.5.1.31 wrote them.

test.each([
  ['Maximum sessions configured on rtpengine: 0\n', 0],
  ['Maximum sessions configured on rtpengine: -1\n', -1],
  ['Maximum sessions configured on rtpengine: 1215752191\n', 1215752191],
  ['Success setting maxsessions to 0\n', 'unknown'],
  ['Maximum sessions configured on rtpengine: \n', 'unknown'],
  ['', 'unknown'],
])('list maxsessions %j is %s', (text, expected) => {
  expect(parseMaxSessions(text)).toBe(expected);
});

test.each([
  ['30\n', 30],
  ['0\n', 0],
  ['', 'unknown'],
  ['Invalid delete-delay value\n', 'unknown'],
  ['-1\n', 'unknown'],
])('list deletedelay %j is %s', (text, expected) => {
  expect(parseDeleteDelay(text)).toBe(expected);
});

test('list numsessions', () => {
  const text =
    'Current sessions own: 7\nCurrent sessions foreign: 2\nCurrent sessions total: 9\nCurrent transcoded media: 0\n';
  expect(parseNumSessions(text)).toEqual({ own: 7, foreign: 2 });
  expect(parseNumSessions('Unknown or incomplete command::foo\n')).toEqual({
    own: 'unknown',
    foreign: 'unknown',
  });
});

test('params diff', () => {
  expect(parseParamsDiff('max-sessions: -1 => 0\ntimeout: 60 => 30\n')).toEqual(
    new Map([
      ['max-sessions', { from: '-1', to: '0' }],
      ['timeout', { from: '60', to: '30' }],
    ]),
  );
  expect(parseParamsDiff('').size).toBe(0);
});

const LINE_10 =
  'callid:                                                           c1 | deletionmark: yes | created:  1795234731 | proxy:127.0.0.1:51424 | redis_keyspace:0 | foreign:no\n';
const LINE_12 =
  'ID:                                                           c1 | del:y | creat:  1795234731 | prx:127.0.0.1:51424 | redis:-1 | frgn:n | rec:n\n';
const C1 = { callId: 'c1', createdAt: 1795234731, markedDeleted: true, foreign: false };

test.each([
  ['10.5', LINE_10],
  ['12.5', LINE_12],
])('a session line of %s', (_, line) => {
  expect(parseSessions(line)).toEqual([C1]);
  expect(parseSessions(line.replace('yes', ' no').replace('del:y', 'del:n'))).toEqual([
    { ...C1, markedDeleted: false },
  ]);
  expect(parseSessions(line.replace('foreign:no', 'foreign:yes').replace('frgn:n', 'frgn:y'))).toEqual([
    { ...C1, foreign: true },
  ]);
});

test('a call-id that looks like a part of the line stays whole', () => {
  const callId = 'a | del:n | creat: 1 | x@host';
  expect(parseSessions(LINE_12.replace('c1', callId))).toEqual([{ ...C1, callId }]);
  expect(parseSessions(LINE_10.replace('c1', callId))).toEqual([{ ...C1, callId }]);
});

test.each(['No own sessions on this media relay.\n', 'No sessions on this media relay.\n'])(
  '%j is an empty list',
  (text) => {
    expect(parseSessions(text)).toEqual([]);
  },
);

test.each([
  ['nothing at all', ''],
  ['an error text', 'Unknown or incomplete command::foo\n'],
  ['a list that is cut short', `${LINE_12}${LINE_12.slice(0, 60)}`],
])('%s is no list', (_, text) => {
  expect(parseSessions(text)).toBeUndefined();
});
