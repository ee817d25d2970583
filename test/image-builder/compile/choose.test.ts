import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Fleet } from '../../../configs/fleet.ts';
import { loadFleet } from '../../../configs/load.ts';
import { isSourceOpen, offeredReleases, sourceOf } from '../../../image-builder/compile/choose.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-choose-'));
afterAll(() => rmSync(folder, { recursive: true }));
// A copy, since a lock may lie beside the original.
const file = join(folder, 'lab.yaml');
cpSync(join(import.meta.dirname, '../../../configs/fleets/lab.yaml'), file);
const LAB = loadFleet(file);
const withImage = (image: Partial<Fleet['image']>): Fleet => ({ ...LAB, image: { ...LAB.image, ...image } });

describe('the source is open', () => {
  test('for another version than the fleet file’s, with no word on where it comes from', () => {
    expect(isSourceOpen({ fleet: file, version: 'mr13.4.1.10' }, LAB, LAB)).toBe(true);
  });

  test.each<[string, Parameters<typeof isSourceOpen>]>([
    ['no version on the command line', [{ fleet: file }, LAB, LAB]],
    ['the version that the fleet file has', [{ fleet: file, version: LAB.image.version }, LAB, LAB]],
    ['a source beside it', [{ fleet: file, version: 'mr13', source: 'debian' }, LAB, LAB]],
    ['a list of versions', [{ fleet: file, version: 'mr13', listVersions: true }, LAB, LAB]],
    [
      'a fleet file with another source',
      [{ fleet: file, version: 'mr13' }, withImage({ source: 'git' }), LAB],
    ],
    ['arm64', [{ fleet: file, version: 'mr13' }, LAB, withImage({ architecture: 'arm64' })]],
  ])('not with %s', (_, words) => {
    expect(isSourceOpen(...words)).toBe(false);
  });
});

test.each<[string, readonly string[], string]>([
  ['mr12.5.1.31', ['mr12.5.1.31'], 'debian'],
  ['mr12', ['mr12.5.1.31'], 'debian'],
  ['latest', ['mr12.5.1.31'], 'debian'],
  ['mr13.4.1.10', ['mr12.5.1.31'], 'git'],
  ['mr12.5.1.3', ['mr12.5.1.31'], 'git'],
  ['mr12.5.1.31', [], 'git'],
])('%s, where the base has %j, comes from %s', (wanted, offered, source) => {
  expect(sourceOf(wanted, offered)).toBe(source);
});

test('what the archive offers is read as releases, each once', () => {
  const madison = [
    'rtpengine-daemon | 10.5.3.5-1+deb12u1 | http://deb.example/debian-security bookworm-security/main amd64 Packages',
    'rtpengine-daemon | 10.5.3.5-1 | http://deb.example/debian bookworm/main amd64 Packages',
    '',
  ].join('\n');
  expect(offeredReleases(madison)).toEqual(['mr10.5.3.5']);
  expect(offeredReleases('')).toEqual([]);
});
