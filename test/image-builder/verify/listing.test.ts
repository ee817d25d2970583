import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstDifference, parseMtree, parseSums } from '../../../image-builder/verify/listing.ts';

const tree = (...lines: readonly string[]) => parseMtree(['#mtree', ...lines, ''].join('\n'));
const [one, other] = ['a'.repeat(64), 'b'.repeat(64)];

describe('of two listings', () => {
  test('the first file that differs is named, with what differs in it', () => {
    const before = tree('. type=dir mode=755', `./b mode=644 size=1 sha256digest=${one}`, './c mode=644');
    const after = tree('. type=dir mode=755', `./b mode=755 size=1 sha256digest=${other}`, './c mode=600');
    expect(firstDifference(before, after)).toBe(
      '/b, in mode (644 and 755), sha256 (aaaaaaaaaaaa… and bbbbbbbbbbbb…)',
    );
    expect(firstDifference(before, before)).toBeUndefined();
  });

  test.each([
    [tree('./a mode=1', './b mode=1'), tree('./b mode=1'), '/a, which only the first has'],
    [tree('./b mode=1'), tree('./a mode=1', './b mode=2'), '/a, which only the second has'],
    [tree('./a link=b'), tree('./a type=file'), '/a, in link (b and none), type (none and file)'],
    [parseSums(`${one}  ./x y\n`), parseSums(`${other}  ./x y\n`), /^\/x y, in sha256 /],
  ])('case %#', (first, second, said) => {
    expect(firstDifference(first, second)).toEqual(
      typeof said === 'string' ? said : expect.stringMatching(said),
    );
  });

  test('none is found exactly when they hold the same', () => {
    const listing = fc.dictionary(fc.constantFrom('./a', './b', './c'), fc.constantFrom('1', '2'));
    const read = (files: Readonly<Record<string, string>>) =>
      tree(...Object.entries(files).map(([path, mode]) => `${path} mode=${mode}`));
    const sorted = (files: Readonly<Record<string, string>>) => Object.entries(files).toSorted();
    fc.assert(
      fc.property(listing, listing, (a, b) => {
        const isSame = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(firstDifference(read(a), read(b)) === undefined).toBe(isSame);
      }),
    );
  });
});
