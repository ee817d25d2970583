import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  diffManifests,
  diffPackages,
  isSame,
  wordDiff,
  wordDiffShort,
} from '../../../image-builder/life/diff.ts';
import { checkManifest, type Manifest } from '../../../image-builder/manifest.ts';
import { MANIFEST, MODULE } from '../support/product.ts';

const NEXT: Manifest = {
  ...MANIFEST,
  image: 'rtpengine-mr12-5-1-32-debian-13-bbbbbbbb',
  version: 'mr12.5.1.32',
  source: 'git',
  commit: 'c'.repeat(40),
  archive: { ...MANIFEST.archive, bytes: 2_000_000 },
  packages: [
    { name: 'bash', version: '6' },
    { name: 'zsh', version: '5' },
  ],
  files: [
    { path: '/etc/a', target: '/dev/null' },
    { path: '/etc/c', sha256: 'c'.repeat(64) },
  ],
};

describe('the difference of two images', () => {
  const diff = diffManifests(
    { ...MANIFEST, packages: [...MANIFEST.packages, { name: 'ash', version: '1' }] },
    NEXT,
  );

  test('is told line by line', () => {
    expect(wordDiff(diff)).toBe(`${MANIFEST.image} → ${NEXT.image}
  ~ version  mr12.5.1.31 → mr12.5.1.32
  ~ source  debian → git
  ~ commit  - → ${NEXT.commit}
  ~ package bash  5 → 6
  + package zsh  5
  - package ash  1
  ~ file /etc/a
  + file /etc/c
  - file /etc/b
  archive 0.0 → 2.0 MB
`);
  });

  test('fits on one line, too', () => {
    expect(wordDiffShort(diff)).toContain(
      '1 package changed, 1 package added, 1 package removed, 1 file changed',
    );
    expect(wordDiffShort(diffManifests(MANIFEST, MANIFEST))).toBe('nothing');
  });

  test('is part of a valid record', () => {
    expect(checkManifest(JSON.parse(JSON.stringify({ ...NEXT, since: diff }))).since).toEqual(diff);
  });

  test('is none between an image and itself, whenever it was built', () => {
    expect(isSame(diffManifests(MANIFEST, { ...MANIFEST, builtAt: '2027-01-01T00:00:00Z' }))).toBe(true);
    expect(isSame(diff)).toBe(false);
  });
});

test('packages: what is removed, changed and added turns the one list into the other', () => {
  const list = fc
    .dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'constructor', '__proto__x'), fc.constantFrom('1', '2'))
    .map((versions) => Object.entries(versions).map(([name, version]) => ({ name, version })));
  fc.assert(
    fc.property(list, list, (before, after) => {
      const { added, removed, changed } = diffPackages(before, after);
      const made = new Map<string, string>(before.map(({ name, version }) => [name, version]));
      for (const { name } of removed) made.delete(name);
      for (const { name, version } of added) made.set(name, version);
      for (const { name, after: version } of changed) made.set(name, version);
      expect(made).toEqual(new Map(after.map(({ name, version }) => [name, version])));
    }),
  );
});

test('a kernel module that came, went or changed is a difference', () => {
  const withModule: Manifest = checkManifest({ ...MANIFEST, kernelModule: MODULE });
  const rebuilt: Manifest = { ...MANIFEST, kernelModule: { ...MODULE, sha256: 'e'.repeat(64) } };
  expect(wordDiffShort(diffManifests(MANIFEST, withModule))).toBe(
    'kernelModule none → xt_RTPENGINE dddddddddddd',
  );
  expect(isSame(diffManifests(withModule, rebuilt))).toBe(false);
  expect(isSame(diffManifests(withModule, withModule))).toBe(true);
});
