import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressNumber, overlap, rangeSize } from '../../configs/range.ts';

const range = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 12, max: 24 }))
  .map(([byte, bits]) => {
    const start = Math.floor((byte * 2 ** 16) / 2 ** (32 - bits)) * 2 ** (32 - bits);
    return `10.${start >> 16}.${(start >> 8) & 255}.${start & 255}/${bits}`;
  });

test('two ranges overlap exactly when one holds the other', () => {
  const holds = (outer: string, inner: string) => {
    const [from, at] = [outer, inner].map((text) => addressNumber(text.split('/')[0] ?? ''));
    return Number(at) >= Number(from) && Number(at) < Number(from) + rangeSize(outer);
  };
  fc.assert(
    fc.property(range, range, (one, other) => {
      expect(overlap(one, other)).toBe(holds(one, other) || holds(other, one));
    }),
  );
});
