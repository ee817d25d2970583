import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../../image-builder/command.ts';
import { fileDigest } from '../../../image-builder/file-digest.ts';
import { absentFrom, installLines, poolFile } from '../../../image-builder/lock/pool.ts';
import type { ArchivePackage } from '../../../image-builder/packages.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-pool-'));
const cache = { root: join(folder, 'cache') };
const shop = { log: join(folder, 'log'), signal: new AbortController().signal };
const RELEASE = {
  codename: 'trixie',
  mirrors: { main: 'http://m.invalid/debian', security: 'http://m.invalid/s', signedBy: undefined },
};
const locked: ArchivePackage[] = [];
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  mkdirSync(join(cache.root, 'pool'), { recursive: true });
  for (const name of ['one', 'two']) locked.push(await keep(name));
});

/** A tiny package of our own, put into the pool. */
async function keep(name: string): Promise<ArchivePackage> {
  const tree = join(folder, name);
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  const control = `Package: ${name}\nVersion: 1:1.0\nArchitecture: all\nMaintainer: x <x@example.invalid>\nDescription: ${name}\n long\n .\n text\n`;
  writeFileSync(join(tree, 'DEBIAN/control'), control);
  const file = join(folder, `${name}.deb`);
  await runCommand(shop, ['dpkg-deb', '--root-owner-group', '--build', tree, file]);
  const item = { name, version: '1:1.0', architecture: 'all', sha256: await fileDigest(file), size: 1000 };
  writeFileSync(poolFile(cache, item), readFileSync(file));
  return item;
}

test('without a lock packages come from the archive', async () => {
  const lines = await installLines(shop, cache, RELEASE, join(folder, 'never'));
  expect(lines).toHaveLength(3);
  expect(lines.join()).toContain('http://m.invalid/debian');
});

test('with a lock they come from a folder of just these, which apt can read; no archive is asked', async () => {
  const repository = join(folder, 'repository');
  const local = { folder: '/own', digest: 'd' };
  const lines = await installLines(shop, cache, { ...RELEASE, locked, local }, repository);
  expect(lines).toEqual([`deb [trusted=yes] copy:${repository} ./`, 'deb [trusted=yes] copy:/own ./']);
  expect(readdirSync(repository)).toHaveLength(3);
  const [one = '', two = '', ...more] = readFileSync(join(repository, 'Packages'), 'utf8').split('\n\n');
  expect(more).toEqual([]);
  expect(one).toMatch(new RegExp(`^Filename: \\./${locked[0]?.sha256}\\.deb\nPackage: one\n`));
  expect(two).toMatch(new RegExp(`\nSHA256: ${locked[1]?.sha256}\n$`));
});

test('a .deb that was tampered with is refused, naming file and package; nothing is installed', async () => {
  const [item] = locked;
  if (item === undefined) throw new Error('no package');
  const other = { ...item, sha256: 'e'.repeat(64) };
  writeFileSync(poolFile(cache, other), 'something else');
  const lines = installLines(shop, cache, { ...RELEASE, locked: [other] }, join(folder, 'tampered'));
  await expect(lines).rejects.toMatchObject({
    code: 'tampered-package',
    message: expect.stringMatching(
      /^one 1:1\.0 is not the package that is locked: .*eeee\.deb has sha256 [0-9a-f]{64}/,
    ),
  });
});

test('what has no copy is known without asking anybody', () => {
  const [item] = locked;
  if (item === undefined) throw new Error('no package');
  expect(absentFrom(cache, [item, { ...item, sha256: '0'.repeat(64) }])).toHaveLength(1);
});
