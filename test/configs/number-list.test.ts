import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asKernelWrites, numbersOf } from '../../configs/number-list.ts';

test.each([
  ['0', '0'],
  ['3,2', '2-3'],
  ['0-1,2-3', '0-3'],
  ['4,0-1,1', '0-1,4'],
  ['3-2', ''],
])('%s is written as %s', (list, written) => {
  expect(asKernelWrites(list)).toBe(written);
});

test('what the kernel writes names the same numbers', () => {
  const lists = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(lists, (numbers) => {
      const written = asKernelWrites(numbers.join(','));
      expect(numbersOf(written)).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      expect(asKernelWrites(written)).toBe(written);
    }),
  );
});
