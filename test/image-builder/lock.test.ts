/** Copies of locked packages, from Debian's archive and a further one, as the real apt fetches them; then both are gone. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../image-builder/command.ts';
import { fileDigest } from '../../image-builder/file-digest.ts';
import { absentFrom, fillPool, installLines, poolFile } from '../../image-builder/lock/pool.ts';
import type { ArchivePackage, Release } from '../../image-builder/packages.ts';
import { openRepositories, type Repositories } from './guest/support/repositories.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-fetch-'));
const cache = { root: join(folder, 'cache') };
const shop = { log: join(folder, 'log'), signal: new AbortController().signal };
const SUITES = ['trixie', 'trixie-updates', 'trixie-security'];
const locked: ArchivePackage[] = [];
let repositories: Repositories;
let release: Release;

beforeAll(async () => {
  repositories = await openRepositories(['debian', 'google']);
  const debian = (await packed('debian', 'bash', '5.2')) + (await packed('debian', 'agent', '1:1.0'));
  const further = await packed('google', 'agent', '1:2.0');
  for (const suite of SUITES) await repositories.publish('debian', suite, debian, 'debian');
  const main = `file://${join(repositories.folder, 'debian')}`;
  const [keyring, keyFile] = [repositories.keyOf('debian'), repositories.keyOf('google')];
  const uri = await repositories.publish('google', 'agent-stable', further, 'google');
  const fingerprint = await repositories.fingerprintOf('google');
  release = {
    codename: 'trixie',
    mirrors: { main, security: main, signedBy: undefined, keyring },
    further: { uri, suite: 'agent-stable', keyFile, fingerprint },
  };
});
afterAll(async () => {
  await repositories.close();
  rmSync(folder, { recursive: true });
});

/** Makes a tiny package in a repository and adds it to what is locked. @returns its stanza of the index */
async function packed(repository: string, name: string, version: string): Promise<string> {
  const tree = join(folder, `${name}-${version}`);
  const path = `pool/${name}-${version.replace(/^\d+:/, '')}.deb`;
  const file = join(repositories.folder, repository, path);
  for (const made of [join(tree, 'DEBIAN'), join(file, '..')]) mkdirSync(made, { recursive: true });
  const control = `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: x <x@example.org>\nDescription: x\n`;
  writeFileSync(join(tree, 'DEBIAN/control'), control);
  await runCommand(shop, ['dpkg-deb', '--root-owner-group', '--build', tree, file]);
  const [sha256, size] = [await fileDigest(file), readFileSync(file).length];
  locked.push({ name, version, architecture: 'amd64', sha256, size });
  return `${control}Filename: ${path}\nSize: ${size}\nSHA256: ${sha256}\n\n`;
}

test('each locked package is fetched from the archive that has it, two versions of one name too', async () => {
  await fillPool(shop, cache, release, locked);
  expect(absentFrom(cache, locked)).toEqual([]);
  expect(readdirSync(join(cache.root, 'work'))).toEqual([]);
});

test('what is locked, in no copy and not to be had is one sentence', async () => {
  const [bash] = locked;
  if (bash === undefined) throw new Error('nothing is locked');
  const copy = poolFile(cache, bash);
  renameSync(copy, join(folder, 'copy'));
  renameSync(join(repositories.folder, 'debian/pool'), join(folder, 'pool')); // Its index is still there.
  const missing = installLines(shop, cache, { ...release, locked }, join(folder, 'missing'));
  await expect(missing).rejects.toMatchObject({
    kind: 'stop',
    code: 'locked-package-absent',
    message: expect.stringMatching(
      /^bash 5\.2: locked, not in \S+\/pool, and the archive of trixie does not give what is missing:\n {4}E: /,
    ),
  });
  renameSync(join(folder, 'copy'), copy);
});

test('with both archives gone an image is made of the copies', async () => {
  for (const name of ['debian', 'google'])
    renameSync(join(repositories.folder, name), join(folder, `away-${name}`));
  const place = join(folder, 'install');
  expect(await installLines(shop, cache, { ...release, locked }, place)).toEqual([
    `deb [trusted=yes] copy:${place} ./`,
  ]);
  expect(readdirSync(place)).toHaveLength(locked.length + 1);
});
