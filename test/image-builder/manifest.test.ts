import { describe, expect, test } from 'vitest';
import { checkManifest, type Manifest, parsePackageList } from '../../image-builder/manifest.ts';

const sha256 = 'a'.repeat(64);
const MANIFEST: Manifest = {
  format: 1,
  image: 'rtpengine-mr12-5-1-31-debian-13-3fa9c1d2',
  family: 'rtpengine-lab',
  version: 'mr12.5.1.31',
  base: 'debian-13',
  source: 'debian',
  architecture: 'X86_64',
  diskGb: 2,
  builtAt: '2026-01-02T03:04:05.678Z',
  keys: { tools: sha256, tree: sha256, disk: sha256 },
  archive: { bytes: 1, sha256 },
  disk: { bytes: 2, sha256 },
  kernel: 'vmlinuz-6.12-cloud-amd64',
  packages: [{ name: 'bash', version: '5' }],
  files: [
    { path: '/etc/a', sha256 },
    { path: '/etc/b', target: '/dev/null' },
  ],
  seconds: { pack: 1.5 },
};

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
