import { describe, expect, test } from 'vitest';
import { checkManifest } from '../../image-builder/manifest.ts';
import { parsePackageList } from '../../image-builder/packages.ts';
import { MANIFEST } from './support/product.ts';

describe('the manifest', () => {
  test('of a build is valid', () => {
    expect(checkManifest(structuredClone(MANIFEST))).toEqual(MANIFEST);
  });

  test.each<[string, object]>([
    ['an unknown key', { surprise: 1 }],
    ['a partial version', { version: 'mr12.5' }],
    ['a name that GCE would refuse', { image: 'RTPengine' }],
    ['a checksum that is none', { archive: { bytes: 1, sha256: 'x' } }],
    ['no packages', { packages: [] }],
  ])('with %s is refused', (_, change) => {
    expect(() => checkManifest({ ...MANIFEST, ...change })).toThrow(/manifest is not valid/);
  });

  test('lists packages as dpkg-query prints them', () => {
    expect(parsePackageList('bash\t5.2-3\ndbus\t1:1.16\n')).toEqual([
      { name: 'bash', version: '5.2-3' },
      { name: 'dbus', version: '1:1.16' },
    ]);
  });
});
