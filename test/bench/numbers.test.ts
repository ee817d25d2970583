import { expect, test } from 'vitest';
import { median, wordMeasured } from '../../bench/numbers.ts';

test('the median is the middle one, or between the two in the middle; of nothing there is none', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow(RangeError);
});

test('each figure stands beside its limit and the share of it', () => {
  const text = wordMeasured([
    { what: 'a demo', measured: 144, wanted: 180 },
    { what: 'help', measured: 0.25, wanted: 0.2 },
    { what: 'cold', measured: 190.4, wanted: 206.83336697224996 },
  ]);
  expect(text.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['measured', 'at most', 'share'],
    ['a demo', '144 s', '180 s', '0.80'],
    ['help', '0.25 s', '0.2 s', '1.25'],
    ['cold', '190 s', '207 s', '0.92'],
  ]);
});
