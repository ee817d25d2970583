import { expect, test } from 'vitest';
import { firstDifference } from '../../../image-builder/verify/lines.ts';

test('two builds that are the same have no difference', () => {
  expect(firstDifference('./a sha256=1\n', './a sha256=1\n')).toBeUndefined();
});

test('of two that are not, the first line that differs is shown from both', () => {
  expect(firstDifference('./a\n./b time=1\n./c\n', './a\n./b time=2\n./d\n')).toBe(
    'first:  ./b time=1\n    second: ./b time=2',
  );
});

test('a file that only one has is shown', () => {
  expect(firstDifference('./a', './a\n./b')).toBe('only in the second: ./b');
  expect(firstDifference('./a\n./b', './a')).toBe('first:  ./b\n    second: (nothing)');
});
