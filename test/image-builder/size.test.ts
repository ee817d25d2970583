import { expect, test } from 'vitest';
import type { PackageFacts } from '../../image-builder/sbom/cyclonedx.ts';
import { sizeOf, wordSize } from '../../image-builder/size.ts';

const fact = (name: string, megabytes?: number): PackageFacts => ({
  ...{ name, version: '1', architecture: 'amd64', source: name, sourceVersion: '1' },
  ...(megabytes === undefined ? {} : { installedBytes: megabytes * 1e6 }),
});

test('the largest packages are named, the largest first, and all of it adds up', () => {
  const packages = [1, 2, 3, 4, 5, 6, 7, 8].map((size) => fact(`p${size}`, size));
  const size = sizeOf(packages);
  expect(size?.installedBytes).toBe(36e6);
  expect(size && wordSize(size)).toBe('36 MB of 8 packages: p8 8, p7 7, p6 6, p5 5, p4 4, p3 3, the rest 3');
});

test('packages of one size are in the order of their names; one that does not say its size still counts', () => {
  const size = sizeOf([fact('b', 1), fact('a', 1), fact('c')]);
  expect(size).toMatchObject({ packages: 3, largest: [{ name: 'a' }, { name: 'b' }] });
});

test('a record without any size says nothing', () => {
  expect(sizeOf([fact('a')])).toBeUndefined();
});
