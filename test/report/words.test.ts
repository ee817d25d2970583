import { expect, test } from 'vitest';
import { readLines } from '../../rollout/report/call-lines.ts';
import { axisStep, duration, offset, plural } from '../../rollout/report/words.ts';

test.each([
  [0.42, '0.4 s'],
  [9.96, '10 s'],
  [48.2, '48 s'],
  [125, '2 min 05 s'],
  [600, '10 min'],
  [12_000, '3 h 20 min'],
])('%d seconds read %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test.each([
  [7.26, false, '0:07'],
  [7.26, true, '0:07.3'],
  [59.97, true, '1:00.0'],
  [3_765, false, '1:02:45'],
  [-3, false, '−0:03'],
])('%d seconds after the start read %s', (seconds, tenths, words) => {
  expect(offset(seconds, tenths)).toBe(words);
});

test('one call, two calls, and an axis of at most so many marks', () => {
  expect([plural(1, 'call'), plural(1_200, 'call')]).toEqual(['1 call', '1,200 calls']);
  for (const seconds of [1, 30, 95, 1_000, 90_000, 10_000_000])
    expect(seconds / axisStep(seconds, 12)).toBeLessThanOrEqual(12);
});

test('a last line cut short by a kill is left out; any other bad line is counted', () => {
  const good = '{"kind":"second"}';
  expect(readLines(`${good}\n{"kin`)).toMatchObject({ lines: [{ kind: 'second' }], badLines: 0 });
  expect(readLines(`${good}\nrubbish\n${good}\n`)).toMatchObject({ badLines: 1 });
  expect(readLines(`${good}`).lines.length).toBe(1);
});
