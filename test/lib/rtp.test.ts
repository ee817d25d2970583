import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildRtp, createRtpCounter, missingOf, parseRtp, type RtpPacket } from '../../lib/rtp.ts';

const packetArbitrary = fc.record({
  payloadType: fc.integer({ min: 0, max: 127 }).filter((type) => type < 72 || type > 76),
  sequence: fc.integer({ min: 0, max: 0xffff }),
  timestamp: fc.integer({ min: 0, max: 0xffffffff }),
  ssrc: fc.integer({ min: 0, max: 0xffffffff }),
  marker: fc.boolean(),
  payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
});

describe('a packet', () => {
  test('reads back as it was built', () => {
    fc.assert(
      fc.property(packetArbitrary, (packet) => {
        expect(parseRtp(buildRtp(packet))).toEqual(packet);
      }),
    );
  });

  test('has the header of RFC 3550', () => {
    const packet: RtpPacket = {
      payloadType: 8,
      sequence: 0x1_0002,
      timestamp: 160,
      ssrc: 0xdeadbeef,
      marker: true,
      payload: Uint8Array.of(0xd5),
    };
    expect(buildRtp(packet).toString('hex')).toBe('80880002000000a0deadbeefd5');
  });

  test('keeps its payload apart from CSRCs, extension and padding', () => {
    const plain = buildRtp({
      payloadType: 0,
      sequence: 1,
      timestamp: 2,
      ssrc: 3,
      payload: Buffer.from('abc'),
    });
    const head = Buffer.from(plain.subarray(0, 12));
    head.writeUInt8(0x80 | 0x20 | 0x10 | 1, 0);
    const parts = [head, Buffer.alloc(4), Buffer.from('bede000100000000', 'hex'), Buffer.from('abc\0\x02')];
    expect(parseRtp(Buffer.concat(parts))?.payload.toString()).toBe('abc');
  });

  test.each([
    ['too short', '8000000100000002000000'],
    ['version 1', '400000010000000200000003'],
    ['RTCP', '80c8000600000002000000030000'],
    ['cut in its CSRCs', '820000010000000200000003'],
    ['cut in its extension', '90000001000000020000000300'],
    ['more padding than bytes', 'a0000001000000020000000300ff'],
  ])('that is %s is none', (_, hex) => {
    expect(parseRtp(Buffer.from(hex, 'hex'))).toBeUndefined();
  });

  test('never throws, whatever arrives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        parseRtp(Buffer.from(bytes));
      }),
      { numRuns: 2_000 },
    );
  });
});

function countsOf(sequences: readonly number[], ssrc = 1) {
  const counter = createRtpCounter();
  for (const sequence of sequences) counter.count({ ssrc, sequence: sequence & 0xffff });
  return counter.streams();
}

describe('a stream', () => {
  test.each([
    ['in order', [1, 2, 3], { received: 3, lost: 0, duplicates: 0, reordered: 0 }],
    ['with a gap', [1, 2, 5], { received: 3, lost: 2, duplicates: 0, reordered: 0 }],
    ['with a late packet', [1, 3, 2, 4], { received: 4, lost: 0, duplicates: 0, reordered: 1 }],
    ['with a repeated packet', [1, 2, 2, 1, 3], { received: 3, lost: 0, duplicates: 2, reordered: 0 }],
    ['that began with its second packet', [2, 1, 3], { received: 3, lost: 0, duplicates: 0, reordered: 1 }],
    ['over the wrap', [65534, 65535, 0, 2, 1], { received: 5, lost: 0, duplicates: 0, reordered: 1 }],
    ['lost over the wrap', [65534, 3], { received: 2, lost: 4, duplicates: 0, reordered: 0 }],
  ])('%s', (_, sequences, expected) => {
    expect(countsOf(sequences)).toMatchObject([expected]);
  });

  test('of any length, with losses, repeats and reordering near their place, is counted exactly', () => {
    const lengths = fc.integer({ min: 1, max: 70_000 });
    const noise = fc.infiniteStream(fc.integer({ min: 0, max: 99 }));
    fc.assert(
      fc.property(lengths, fc.integer({ min: 0, max: 0xffff }), noise, (length, first, rolls) => {
        const arrivals: number[] = [];
        let lost = 0;
        let repeated = 0;
        for (let index = 0; index < length; index += 1) {
          const roll = index % 97 === 50 ? (rolls.next().value ?? 0) : 50;
          if (roll < 30 && index > 0 && index < length - 1) lost += 1;
          else arrivals.push(first + index);
          if (roll > 80) {
            arrivals.push(first + index);
            repeated += 1;
          }
        }
        expect(countsOf(arrivals)).toMatchObject([{ received: length - lost, lost, duplicates: repeated }]);
      }),
      { numRuns: 20 },
    );
  });

  test('longer than its numbers takes a late packet for late, not for repeated', () => {
    const arrivals = Array.from({ length: 65_536 + 20 }, (_, index) => index);
    const late = arrivals.splice(65_536 + 10, 1);
    expect(countsOf([...arrivals, ...late])).toMatchObject([
      { received: 65_536 + 20, lost: 0, duplicates: 0, reordered: 1 },
    ]);
  });

  test('is kept apart from others by its SSRC', () => {
    const counter = createRtpCounter();
    for (const ssrc of [7, 8, 7])
      counter.count({ ssrc, sequence: ssrc === 8 ? 100 : counter.streams().length });
    expect(counter.streams().map(({ ssrc, received }) => [ssrc, received])).toEqual([
      [7, 2],
      [8, 1],
    ]);
  });
});

test('what a sender sent and nobody got is missing, also before the first and after the last', () => {
  expect(missingOf(5, countsOf([2, 3]))).toBe(3);
  expect(missingOf(5, [])).toBe(5);
  expect(missingOf(2, countsOf([2, 3]))).toBe(0);
});
