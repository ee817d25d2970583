import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareVersions,
  formatVersion,
  isVersionWord,
  parseVersion,
  resolveVersion,
  versionOfDebian,
} from '../../lib/version.ts';

const parts = fc.array(fc.nat({ max: 99 }), { minLength: 4, maxLength: 4 });

describe('versions of RTPEngine', () => {
  test('a tag becomes its numbers and comes back', () => {
    fc.assert(
      fc.property(parts, (numbers) => {
        expect(parseVersion(formatVersion(numbers))).toEqual(numbers);
      }),
    );
  });

  test.each([
    '12.5.1.31',
    'mr',
    'mr12.',
    'mr12.5.1.31.1',
    'mr12.5.1.31-1',
    'MR12.5',
    ' mr12.5',
    'mr012.5',
    'mr12.05',
  ])('%j is no tag', (text) => {
    expect(parseVersion(text)).toBeUndefined();
  });

  test('order is by number, not by letter', () => {
    expect(['mr9.5.1.1', 'mr12.5.1.4', 'mr12.5.1.31', 'mr10.5.3.5'].toSorted(compareVersions)).toEqual([
      'mr9.5.1.1',
      'mr10.5.3.5',
      'mr12.5.1.4',
      'mr12.5.1.31',
    ]);
  });

  test.each([
    ['12.5.1.31-1', 'mr12.5.1.31'],
    ['10.5.3.5-1+deb12u1', 'mr10.5.3.5'],
    ['1:10.5.3.5+dfsg-1+b2', 'mr10.5.3.5'],
    ['13.0.1.2~rc1-1', 'mr13.0.1.2'],
    ['git20240101', undefined],
  ])("Debian's %s is upstream's %s", (debian, upstream) => {
    expect(versionOfDebian(debian)).toBe(upstream);
  });
});

describe('which version is meant', () => {
  const offered = ['mr12.5.1.4', 'mr12.5.1.31', 'mr12.15.1.1', 'mr13.4.1.10'];

  test.each([
    ['mr12.5.1.31', 'mr12.5.1.31'],
    ['mr12.5.1', 'mr12.5.1.31'],
    ['mr12.5', 'mr12.5.1.31'],
    ['mr12', 'mr12.15.1.1'],
    ['latest', 'mr13.4.1.10'],
    ['mr12.5.2', undefined],
    ['mr1', undefined],
  ])('%s is %s', (wanted, found) => {
    expect(resolveVersion(wanted, offered)).toBe(found);
  });

  test('never another one than was asked for', () => {
    const wanted = parts.chain((numbers) =>
      fc.nat({ max: 3 }).map((cut) => formatVersion(numbers.slice(0, cut + 1))),
    );
    fc.assert(
      fc.property(wanted, fc.array(parts.map(formatVersion)), (tag, tags) => {
        const found = resolveVersion(tag, tags);
        expect(found === undefined || found === tag || found.startsWith(`${tag}.`)).toBe(true);
      }),
    );
  });

  test.each([
    ['latest', true],
    ['mr13', true],
    ['mr13.4.1.10', true],
    ['newest', false],
    ['13.4', false],
  ])('%s can be asked for: %s', (word, can) => {
    expect(isVersionWord(word)).toBe(can);
  });

  test('a word that is no version is refused with the way to write it', () => {
    expect(() => resolveVersion('13.4', offered)).toThrow(/"13.4" is no RTPEngine version/);
  });
});
