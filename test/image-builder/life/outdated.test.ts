import { describe, expect, test } from 'vitest';
import {
  compareWithToday,
  parseOffers,
  type Today,
  wordOutdated,
} from '../../../image-builder/life/outdated.ts';
import type { Manifest } from '../../../image-builder/manifest.ts';
import { MANIFEST } from '../support/product.ts';

const RECIPE = 'r'.repeat(64);
const IMAGE: Manifest = {
  ...MANIFEST,
  version: 'mr13.4.1.10',
  recipe: RECIPE,
  packages: [
    { name: 'bash', version: '5' },
    { name: 'openssl', version: '3.0-1' },
    { name: 'ngcp-rtpengine-daemon', version: '13.4.1.10' },
  ],
};
const SAME: Today = {
  offers: new Map([
    ['bash', { version: '5', security: false }],
    ['openssl', { version: '3.0-1', security: true }],
  ]),
  files: MANIFEST.files,
  recipe: RECIPE,
};
const offer = (name: string, version: string, security: boolean): Today => ({
  ...SAME,
  offers: new Map([...SAME.offers, [name, { version, security }]]),
});

describe('an image', () => {
  test('of what there is today is up to date; a package of its own that no archive has does not count', () => {
    expect(compareWithToday(IMAGE, SAME)).toMatchObject({
      outdated: false,
      version: 'mr13.4.1.10',
      packages: [],
    });
    expect(wordOutdated(compareWithToday(IMAGE, SAME))).toBe(`${IMAGE.image} is up to date\n`);
  });

  test.each<[string, Today, string]>([
    ['a newer package', offer('bash', '6', false), '1 newer, 0 of them security updates'],
    ['a security update', offer('openssl', '3.0-2', true), 'openssl  3.0-1 → 3.0-2  security'],
    [
      'another file of ours',
      { ...SAME, files: [{ path: '/etc/a', sha256: 'c'.repeat(64) }] },
      'file changed  /etc/a',
    ],
    ['another builder', { ...SAME, recipe: 's'.repeat(64) }, 'recipe    the builder'],
    ['a newer tag', { ...SAME, upstream: ['mr13.4.1.10', 'mr13.4.1.11'] }, 'mr13.4.1.10 → mr13.4.1.11'],
  ])('is outdated by %s', (_, today, words) => {
    const report = compareWithToday(IMAGE, today);
    expect(report.outdated).toBe(true);
    expect(wordOutdated(report)).toContain(words);
  });

  test('names security updates first', () => {
    const today = {
      ...SAME,
      offers: new Map([
        ['bash', { version: '6', security: false }],
        ['openssl', { version: '4', security: true }],
      ]),
    };
    expect(compareWithToday(IMAGE, today).packages.map(({ name }) => name)).toEqual(['openssl', 'bash']);
  });

  test('made before recipes were recorded is not outdated by that alone', () => {
    const { recipe: _, ...old } = IMAGE;
    expect(compareWithToday(old, SAME).outdated).toBe(false);
  });
});

describe('the version to build', () => {
  const version = (upstream: readonly string[]) => compareWithToday(IMAGE, { ...SAME, upstream }).version;

  test.each([
    [['mr13.4.1.9', 'mr13.4.1.10'], 'mr13.4.1.10'],
    [['mr13.4.1.10', 'mr13.4.2.1', 'mr13.4.1.11'], 'mr13.4.2.1'],
    [['mr13.4.1.10', 'mr13.5.1.1', 'mr14.0.0.1'], 'mr13.4.1.10'],
    [['mr13.4.1.10', 'mr13.4', 'v13.4.9.9', 'mr13.4.1.11-rc1'], 'mr13.4.1.10'],
    [[], 'mr13.4.1.10'],
  ])('of tags %j is %s: never another series', (tags, wanted) => {
    expect(version(tags)).toBe(wanted);
  });

  test('stays when a branch has moved on, which is told', () => {
    const commit = 'd'.repeat(40);
    const report = compareWithToday({ ...IMAGE, commit: 'c'.repeat(40) }, { ...SAME, upstream: [commit] });
    expect(report).toMatchObject({ outdated: true, version: 'mr13.4.1.10', upstream: { after: commit } });
    expect(compareWithToday({ ...IMAGE, commit }, { ...SAME, upstream: [commit] }).outdated).toBe(false);
  });
});

test('madison’s first line of a package is its newest version, a security update if any archive says so', () => {
  const text = `   openssl | 3.5.7-1~deb13u3 | http://m/debian-security trixie-security/main amd64 Packages
   openssl | 3.5.7-1~deb13u2 | http://m/debian trixie/main amd64 Packages
      bash | 5.2 | http://m/debian trixie/main amd64 Packages
      curl | 8 | http://m/debian trixie/main amd64 Packages
      curl | 8 | http://m/debian-security trixie-security/main amd64 Packages
     glibc | 2.41 | http://m/debian trixie/main Sources
`;
  expect(Object.fromEntries(parseOffers(text))).toEqual({
    openssl: { version: '3.5.7-1~deb13u3', security: true },
    bash: { version: '5.2', security: false },
    curl: { version: '8', security: true },
  });
});
