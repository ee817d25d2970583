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
    { what: 'memory', measured: 155.3, wanted: 250, unit: 'MB' },
    { what: 'over the bound', measured: 1.0082, wanted: 1.05, unit: '' },
    { what: 'calls cut', measured: 0, wanted: 0, unit: '' },
  ]);
  expect(text.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['measured', 'at most', 'share'],
    ['a demo', '144 s', '180 s', '0.80'],
    ['help', '0.25 s', '0.2 s', '1.25'],
    ['cold', '190 s', '207 s', '0.92'],
    ['memory', '155 MB', '250 MB', '0.62'],
    ['over the bound', '1.01', '1.05', '0.96'],
    ['calls cut', '0', '0'],
  ]);
});
