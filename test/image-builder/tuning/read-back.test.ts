import { describe, expect, test } from 'vitest';
import { readTuning, wordTuning } from '../../../image-builder/tuning/read-back.ts';

const answer = (...parameters: readonly object[]) =>
  JSON.stringify({ ok: true, kernel: '6.12.1', container: '', parameters });
const reading = (state: string, actual: string | null = '1') => ({
  kind: 'sysctl',
  name: 'net.core.rmem_max',
  wanted: '= 2',
  actual,
  state,
});

describe('what a machine says of its tuning', () => {
  test.each(['in-force', 'gone', 'not-set', 'not-loaded', 'no-card', 'host', 'hidden'])(
    '%s is no fault',
    (state) => {
      expect(readTuning(answer(reading(state)))).toMatchObject({ kind: 'in-force' });
    },
  );

  test.each([
    ['differs', '1', 'net.core.rmem_max is 1, wanted = 2'],
    ['absent', null, 'net.core.rmem_max is not there, wanted = 2'],
  ])('%s is a fault, whatever it says of itself', (state, actual, words) => {
    expect(readTuning(answer(reading('in-force'), reading(state, actual)))).toEqual({
      kind: 'faults',
      faults: [words],
    });
  });

  test.each([
    '',
    'fine',
    '{}',
    'null',
    '{"ok":true,"kernel":"6","container":"","parameters":[]}',
    answer(reading('fine')),
  ])('%j is a fault: nothing was looked at', (told) => {
    expect(readTuning(told)).toMatchObject({ kind: 'faults' });
  });

  test('is worded by how many, and honest about what a container hides', () => {
    const told = readTuning(answer(reading('in-force'), reading('hidden', null), reading('hidden', null)));
    expect(told.kind === 'in-force' && wordTuning(told.tuning)).toBe(
      '3 settings: 1 in force, 2 not visible in a container',
    );
  });
});
