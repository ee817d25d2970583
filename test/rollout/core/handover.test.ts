import { describe, expect, test } from 'vitest';
import type { CallMedia } from '../../../lib/relay/call-media.ts';
import {
  databasesOf,
  fateOf,
  gapOf,
  type Movability,
  type Party,
  parseNote,
} from '../../../rollout/core/handover.ts';

const VERSION = 'mr12.5.1.31';

function party(name: string, database: number, over: Partial<Party> = {}): Party {
  const use = { databases: [database], watched: [15], at: undefined };
  return { name, version: VERSION, use, ...over };
}

describe('who may hand over to whom', () => {
  test('two of versions that restore each other’s calls, with a database each', () => {
    expect(databasesOf(party('a', 5), party('b', 6), 7)).toEqual({ giver: 5, taker: 6, through: 7 });
  });

  test.each([
    ['a version that deletes them', party('a', 5, { version: 'mr10.5.3.5' }), party('b', 6), 7, /deletes/],
    ['a version that nobody knows', party('a', 5), party('b', 6, { version: 'mr99.1' }), 7, /unknown/],
    ['one database for both', party('a', 5), party('b', 5), 7, /need a database each, and use 5, 5, 7/],
    ['copies in the database of one', party('a', 5), party('b', 6), 6, /use 5, 6, 6/],
    ['an RTPEngine that does not tell', party('a', 5, { use: undefined }), party('b', 6), 7, /does not tell/],
    [
      'one without Redis',
      party('a', 5),
      party('b', 6, { use: { databases: [], watched: [], at: undefined } }),
      7,
      /b has no one database/,
    ],
    [
      'a taker that cannot watch',
      party('a', 5),
      party('b', 6, { use: { databases: [6], watched: [], at: undefined } }),
      7,
      /b was started without subscribe-keyspace/,
    ],
  ])('not %s', (_, giver, taker, through, message) => {
    expect(() => databasesOf(giver, taker, through)).toThrow(message);
  });
});

const PLAIN: CallMedia = {
  flags: ['initialized', 'send', 'recv', 'ICE controlling'],
  protocols: ['RTP/AVP'],
  addresses: ['10.0.0.50'],
  packets: 10,
  heard: [],
};
const KEPT = Buffer.from('{"json":{"recording_metadata":""}}');

function staysBecause(call: Movability, version: string): string | undefined {
  const fate = fateOf(call, version, '10.0.0.50');
  return fate.kind === 'blocks' ? fate.because : undefined;
}

describe('which calls can move', () => {
  test.each([
    [['10.0.0.50'], 'moves'],
    [['10.0.0.11'], 'elsewhere'],
    [['10.0.0.50', '10.0.0.11'], 'blocks'],
    [['unknown'], 'blocks'],
    [['10.0.0.11', 'unknown'], 'blocks'],
  ] as const)('whose media is at %j: %s', (addresses, kind) => {
    expect(fateOf({ media: { ...PLAIN, addresses }, kept: KEPT }, VERSION, '10.0.0.50').kind).toBe(kind);
  });

  test.each([
    ['plain', {}, undefined],
    ['SRTP', { flags: ['initialized', 'SDES'], protocols: ['RTP/SAVP', 'RTP/AVP'] }, undefined],
    ['DTLS', { protocols: ['UDP/TLS/RTP/SAVPF', 'RTP/AVP'] }, /DTLS/],
    ['DTLS by its flag', { flags: ['DTLS-SRTP'] }, /DTLS-SRTP/],
    ['transcoded', { flags: ['initialized', 'transcoding'] }, /transcoding/],
    ['ICE', { flags: ['ICE'] }, /ICE/],
    ['an audio player', { flags: ['audio player'] }, /audio player/],
    ['another protocol', { protocols: ['unknown'] }, /unknown/],
  ] as const)('%s', (_, over, because) => {
    const words = staysBecause({ media: { ...PLAIN, ...over }, kept: KEPT }, VERSION);
    if (because === undefined) expect(words).toBeUndefined();
    else expect(words).toMatch(because);
  });

  test('SRTP not where the version may lose its keys', () => {
    const media = { ...PLAIN, flags: ['SDES'] };
    expect(staysBecause({ media, kept: KEPT }, 'mr13.4.1.10')).toMatch(/sdes-keys-lost/);
    expect(staysBecause({ media: PLAIN, kept: KEPT }, 'mr13.4.1.10')).toBeUndefined();
  });

  test('none that is recorded, and none of which something is not known', () => {
    const recorded = Buffer.from('{"json":{"recording_meta_prefix":"x"}}');
    expect(staysBecause({ media: PLAIN, kept: recorded }, VERSION)).toMatch(/recorded/);
    expect(staysBecause({ media: undefined, kept: KEPT }, VERSION)).toMatch(/does not tell/);
    expect(staysBecause({ media: PLAIN, kept: undefined }, VERSION)).toMatch(/in Redis/);
  });
});

describe('the gap of a call', () => {
  const heard = (ssrc: number, packets: number, lastSequence: number) => ({ ssrc, packets, lastSequence });

  test('is what was sent meanwhile less what the taker heard, of its worst stream', () => {
    const before = { ...PLAIN, heard: [heard(1, 100, 5_000), heard(2, 100, 65_530)] };
    const after = { ...PLAIN, heard: [heard(1, 48, 5_050), heard(2, 45, 44)] };
    expect(gapOf(before, after)).toBe(5);
  });

  test('is unknown where nothing is told', () => {
    expect(gapOf(PLAIN, PLAIN)).toBe('unknown');
    expect(gapOf({ ...PLAIN, heard: [heard(1, 1, 1)] }, PLAIN)).toBe('unknown');
  });
});

test('a note that cannot be read stops everything; none is none', () => {
  const note = { giver: 'a', taker: 'b', stage: 'taken', calls: ['x'], talking: true } as const;
  expect(parseNote(JSON.stringify(note))).toEqual(note);
  expect(parseNote(undefined)).toBeUndefined();
  for (const text of ['', '{', '{}', JSON.stringify({ ...note, stage: 'x' })])
    expect(() => parseNote(text)).toThrow('cannot be read');
});
