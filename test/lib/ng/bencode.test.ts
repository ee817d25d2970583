import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode, endOfValue, type NgValue } from '../../../lib/ng/bencode.ts';

const valueArbitrary: fc.Arbitrary<NgValue> = fc.letrec<{ value: NgValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.constant(Uint8Array.of(0xff, 0xfe, 0x00)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 5 }),
  ),
})).value;

describe('what is encoded', () => {
  test('decodes to the same value', () => {
    fc.assert(
      fc.property(valueArbitrary, (value) => {
        expect(decode(encode(value))).toEqual(value);
      }),
    );
  });

  test('keeps the order of its keys', () => {
    expect(encode({ command: 'cli', body: 'x' }).toString()).toBe('d7:command3:cli4:body1:xe');
  });

  test('counts bytes, not characters', () => {
    expect(encode('é').toString('latin1')).toBe('2:\u00c3\u00a9');
  });

  test.each([
    ['a fraction', 1.5],
    ['an unsafe integer', 2 ** 53],
    ['not a number', Number.NaN],
    ['a boolean', true],
    ['undefined in a dictionary', { a: undefined }],
    ['null', null],
  ])('is refused when it is %s', (_, value) => {
    expect(() => encode(value as NgValue)).toThrow(expect.objectContaining({ code: 'bencode-value' }));
  });
});

describe('what is decoded', () => {
  test('keeps integers beyond 2^53 exact', () => {
    expect(decode(Buffer.from('i9007199254740993e'))).toBe(9007199254740993n);
    expect(decode(Buffer.from('i-42e'))).toBe(-42);
  });

  test('keeps bytes that are not text', () => {
    expect(decode(Buffer.from([0x32, 0x3a, 0xff, 0xfe]))).toEqual(Uint8Array.of(0xff, 0xfe));
  });

  test('keeps a call whose id is __proto__ as data', () => {
    const calls = decode(Buffer.from('d9:__proto__4:calle'));
    expect(Object.keys(calls as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).call).toBeUndefined();
  });

  test('is only what was asked for, at every depth, and nothing of it changes', () => {
    const value = { a: { b: 1, c: [{ a: 2, x: 'd3:' }] }, x: [1, { a: 3 }, 'y'], b: 'text' };
    expect(decode(encode(value), new Set(['a', 'b']))).toEqual({ a: { b: 1 }, b: 'text' });
    expect(decode(encode(value), new Set(['a', 'c']))).toEqual({ a: { c: [{ a: 2 }] } });
  });

  test('is refused for what is broken, whether that is wanted or not', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[deil0-9:a-]{1,30}$/), (text) => {
        const bytes = Buffer.from(`d1:x${text}1:ai1ee`);
        expect(outcome(() => decode(bytes, new Set(['a'])))).toBe(outcome(() => decode(bytes)));
      }),
      { numRuns: 2_000, examples: [['d5:'], ['di1e']] },
    );
  });

  test.each([
    ['nothing', ''],
    ['trailing bytes', 'i1ex'],
    ['a missing end', 'd1:a1:b'],
    ['a string cut short', '5:abc'],
    ['a negative length', '-1:a'],
    ['a leading zero', 'i01e'],
    ['minus zero', 'i-0e'],
    ['an empty integer', 'ie'],
    ['a number without an end', 'i12345678901234567890123e'],
    ['a key that is no string', 'di1e1:ae'],
    ['a key without a value', 'd1:ae'],
    ['a stray end', 'e'],
    ['levels without end', 'l'.repeat(10_000)],
  ])('is refused when it is %s', (_, text) => {
    expect(() => decode(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'bencode' }));
  });

  test('never fails but with a FleetError, whatever the bytes', () => {
    const bytes = fc.oneof(fc.uint8Array(), fc.stringMatching(/^[deil0-9:a-]{0,30}$/).map(Buffer.from));
    fc.assert(
      fc.property(bytes, (message) => {
        try {
          decode(message);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bencode' });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the end of a value in a stream', () => {
  test('is not seen in any part of it, and is exact once all is there', () => {
    fc.assert(
      fc.property(valueArbitrary, fc.uint8Array(), (value, rest) => {
        const message = encode(value);
        const stream = Buffer.concat([message, rest]);
        expect(endOfValue(stream, 0)).toBe(message.length);
        for (let cut = 0; cut < message.length; cut += 1)
          expect(endOfValue(message.subarray(0, cut), 0)).toBeUndefined();
      }),
    );
  });

  test('agrees with the decoder about what is broken', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[deil0-9:a-]{1,30}$/).map(Buffer.from), (bytes) => {
        const decodes = outcome(() => decode(bytes));
        if (decodes === 'value') expect(endOfValue(bytes, 0)).toBe(bytes.length);
      }),
      { numRuns: 2_000 },
    );
  });

  test('of garbage is an error, not an endless wait', () => {
    expect(() => endOfValue(Buffer.from('HTTP/1.1 400 Bad Request'), 0)).toThrow(
      expect.objectContaining({ code: 'bencode' }),
    );
    expect(() => endOfValue(Buffer.from('99999999999999999999999:'), 0)).toThrow(
      expect.objectContaining({ code: 'bencode' }),
    );
  });
});

function outcome(act: () => unknown): 'value' | 'error' {
  try {
    act();
    return 'value';
  } catch {
    return 'error';
  }
}
