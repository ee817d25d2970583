import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseFleet } from '../../../configs/load.ts';
import { openCache } from '../../../image-builder/cache.ts';
import { daemonOf, indexDebs, readDebs } from '../../../image-builder/compile/packages.ts';
import { findSupply } from '../../../image-builder/compile/supply.ts';
import { sourceLines } from '../../../image-builder/packages.ts';
import { showProgress } from '../../../image-builder/progress.ts';
import { imagePackages, releaseOf } from '../../../image-builder/supply.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-debs-'));
const given = join(folder, 'given');
const shop = { log: join(folder, 'log'), signal: new AbortController().signal };
const cache = openCache({ RTPFLEET_CACHE: join(folder, 'cache') });
const progress = showProgress('silent');

async function deb(name: string, version: string): Promise<void> {
  const tree = join(folder, name);
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  const fields = [`Package: ${name}`, `Version: ${version}`, 'Architecture: all', 'Maintainer: A <a@b>'];
  writeFileSync(join(tree, 'DEBIAN', 'control'), `${fields.join('\n')}\nDescription: x\n`);
  await execa('dpkg-deb', ['--build', tree, given]);
}

function fleet(version: string, source = `debs:${given}`) {
  const cloud = '{ project: my-project, region: us-central1, zones: [us-central1-a] }';
  const image = `{ version: ${version}, source: ${JSON.stringify(source)} }`;
  return parseFleet(`name: f1\ncloud: ${cloud}\nimage: ${image}\n`, 'fleet.yaml');
}

beforeAll(async () => {
  mkdirSync(given);
  await deb('ngcp-rtpengine-daemon', '13.4.1.10+0~mr13.4.1.10');
  await deb('ngcp-rtpengine-utils', '13.4.1.10+0~mr13.4.1.10');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('packages that are built already', () => {
  test('become a source of apt: every one with its file, size and digest', async () => {
    const supply = await findSupply(shop, cache, fleet('mr13.4.1'), progress);
    if (supply.kind !== 'debs') throw new Error(supply.kind);
    expect(supply).toMatchObject({
      daemon: 'ngcp-rtpengine-daemon',
      version: 'mr13.4.1.10',
      origin: { source: 'debs', place: given },
    });
    const index = readFileSync(join(supply.folder, 'Packages'), 'utf8').split('\n\n');
    expect(index).toHaveLength(2);
    for (const [place, { file, sha256 }] of supply.debs.entries()) {
      const size = readFileSync(join(supply.folder, file)).length;
      expect(index[place]).toContain(`\nFilename: ./${file}\nSize: ${size}\nSHA256: ${sha256}`);
    }
    expect(readDebs(supply.folder).debs).toEqual(supply.debs);
  });

  test('are installed instead of the archive’s, at just their version', async () => {
    const supply = await findSupply(shop, cache, fleet('mr13.4.1.10'), progress);
    const names = imagePackages(supply, 'debian-13');
    expect(names).toContain('ngcp-rtpengine-daemon=13.4.1.10+0~mr13.4.1.10');
    expect(names).not.toContain('rtpengine-daemon');
    const mirrors = { main: 'http://m.example', security: 'http://s.example', signedBy: undefined };
    const lines = sourceLines(releaseOf('trixie', mirrors, supply));
    expect(lines.at(-1)).toBe(`deb [trusted=yes] copy:${supply.kind === 'debs' ? supply.folder : ''} ./`);
    expect(lines).toHaveLength(4);
  });

  test('of another version than was asked for are refused', async () => {
    await expect(findSupply(shop, cache, fleet('mr13.4.2'), progress)).rejects.toMatchObject({
      kind: 'usage',
      message: `mr13.4.2: ${given} has RTPEngine mr13.4.1.10`,
    });
  });

  test('without the daemon, or without any, are refused by the name of the folder', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    for (const [place, code] of [
      [empty, 'no-daemon'],
      [join(folder, 'nowhere'), 'source-place'],
    ] as const) {
      const answer = findSupply(shop, cache, fleet('mr13', `debs:${place}`), progress);
      await expect(answer).rejects.toMatchObject({
        kind: 'usage',
        code,
        message: expect.stringContaining(place),
      });
    }
  });
});

describe("the daemon's package", () => {
  const stanza = (name: string, architecture = 'amd64', version = '12.5.1.40+0~mr12.5.1.40') =>
    `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\n`;

  test.each(['ngcp-rtpengine-daemon', 'rtpengine-daemon'])('is found as %s among the others', (name) => {
    const stanzas = ['ngcp-rtpengine', 'rtpengine-recording-daemon', 'rtpengine-daemon-dbgsym', name].map(
      (n) => stanza(n),
    );
    expect(daemonOf(stanzas, 'x')).toMatchObject({ daemon: name, version: 'mr12.5.1.40' });
  });

  test.each([
    ['of another architecture', stanza('rtpengine-daemon', 'arm64')],
    ['of no release', stanza('rtpengine-daemon', 'amd64', '0~git20250101')],
  ])('%s is none', (_, text) => {
    expect(() => daemonOf([text], 'x')).toThrow("x has no package of RTPEngine's daemon for amd64");
  });
});

test('a folder is indexed the same way each time', async () => {
  const before = await indexDebs(shop, given);
  const index = readFileSync(join(given, 'Packages'), 'utf8');
  expect(await indexDebs(shop, given)).toEqual(before);
  expect(readFileSync(join(given, 'Packages'), 'utf8')).toBe(index);
});
