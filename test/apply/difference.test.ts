import { describe, expect, test } from 'vitest';
import { differences, linkPath, withoutNulls } from '../../lab/apply/difference.ts';

const link = (host: string) => `${host}projects/p/global/networks/n`;

describe('there is no difference', () => {
  test.each([
    ['in what nobody asked for', { a: 1 }, { a: 1, b: 2 }],
    ['in what nobody asked for, deeper', { a: { b: 1 } }, { a: { b: 1, c: 2 } }],
    ['between a number and the same as int64', { a: 10 }, { a: '10' }],
    [
      'between links to the same thing',
      { a: link('http://127.0.0.1:8911/compute/v1/') },
      { a: link('https://www.googleapis.com/compute/v1/') },
    ],
    [
      'between a partial link and a whole one',
      { a: link('') },
      { a: link('https://www.googleapis.com/compute/v1/') },
    ],
    ['between null and nothing', { a: null }, {}],
    ['between a field of nulls and nothing', { a: { b: null } }, {}],
    ['between an empty list and nothing', { a: [] }, {}],
  ])('%s', (_, wanted, present) => {
    expect(differences(wanted, present)).toEqual([]);
  });
});

describe('there is a difference', () => {
  test.each([
    ['between values', { a: 1 }, { a: 2 }],
    ['between true and false', { a: true }, { a: false }],
    ['when one is missing', { a: 1 }, {}],
    ['when it should be cleared', { a: null }, { a: { b: 1 } }],
    ['when it should be empty', { a: [] }, { a: [1] }],
    ['between lists of another length', { a: [1] }, { a: [1, 2] }],
    ['between lists in another order', { a: [1, 2] }, { a: [2, 1] }],
    ['between a list and none', { a: ['1'] }, { a: '1' }],
    ['deep inside', { a: [{ b: { c: 'x' } }] }, { a: [{ b: { c: 'y' } }] }],
    ['between links to different things', { a: link('') }, { a: link('').replace('/n', '/m') }],
  ])('%s', (_, wanted, present) => {
    expect(differences(wanted, present)).toEqual(['a']);
  });

  test('and every field that has one is named', () => {
    expect(differences({ a: 1, b: 2, c: 3 }, { a: 0, b: 2 })).toEqual(['a', 'c']);
  });
});

test('a text that only looks like a link stays as it is', () => {
  expect(linkPath('https://example.com/compute')).toBe('https://example.com/compute');
});

test('nulls are taken out at every depth, and nothing else', () => {
  expect(withoutNulls({ a: null, b: [{ c: null, d: 0 }], e: '', f: false })).toEqual({
    b: [{ d: 0 }],
    e: '',
    f: false,
  });
});
