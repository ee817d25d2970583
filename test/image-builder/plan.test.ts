import { describe, expect, test } from 'vitest';
import type { ArchivePackage } from '../../image-builder/packages.ts';
import { type StageInputs, stageKeys } from '../../image-builder/plan.ts';
import { offeredVersion } from '../../image-builder/trees.ts';

const deb = (name: string, version: string, sha256 = 'a'.repeat(64)): ArchivePackage => ({
  ...{ name, version, sha256 },
  architecture: 'amd64',
  size: 1,
});
const INPUTS: StageInputs = {
  release: {
    codename: 'trixie',
    mirrors: { main: 'http://m.example/debian', security: 'http://m.example/s', signedBy: undefined },
  },
  include: ['rtpengine-daemon'],
  packages: [deb('rtpengine-daemon', '12.5.1.31-1')],
  toolsPackages: [deb('e2fsprogs', '1.47.2-3')],
  files: [{ kind: 'file', path: '/etc/a', mode: 0o644, content: 'x' }],
  sizeGb: 2,
};
const KEYS = stageKeys(INPUTS);
const local = (folder: string, digest: string) => ({ folder, digest });

describe('stage keys', () => {
  test('the same inputs give the same keys', () => {
    expect(stageKeys(structuredClone(INPUTS))).toEqual(KEYS);
  });

  test.each<[string, Partial<StageInputs>, readonly string[]]>([
    [
      'a changed configuration file',
      { files: [{ kind: 'file', path: '/etc/a', mode: 0o644, content: 'y' }] },
      ['disk'],
    ],
    [
      'a changed mode of a file',
      { files: [{ kind: 'file', path: '/etc/a', mode: 0o755, content: 'x' }] },
      ['disk'],
    ],
    ['another signer of what firmware starts', { signer: 'A' }, ['disk']],
    ['a larger disk', { sizeGb: 3 }, ['disk']],
    [
      'a security update in the image',
      { packages: [deb('rtpengine-daemon', '12.5.1.31-2')] },
      ['disk', 'tree'],
    ],
    [
      'another file under the same version',
      { packages: [deb('rtpengine-daemon', '12.5.1.31-1', 'b'.repeat(64))] },
      ['disk', 'tree'],
    ],
    [
      'another mirror',
      { release: { ...INPUTS.release, mirrors: { ...INPUTS.release.mirrors, main: 'http://n.example' } } },
      ['disk', 'tree'],
    ],
    ['packages of our own', { release: { ...INPUTS.release, local: local('/a', '1') } }, ['disk', 'tree']],
    [
      'a repository of the guest agent',
      { release: { ...INPUTS.release, further: { uri: 'u', suite: 's', keyFile: '/k', fingerprint: 'A' } } },
      ['disk', 'tree'],
    ],
    ['another release', { release: { ...INPUTS.release, codename: 'bookworm' } }, ['disk', 'tree']],
    ['a newer tool', { toolsPackages: [deb('e2fsprogs', '1.47.3-1')] }, ['disk', 'tools']],
  ])('%s changes just what it touches', (_, change, changed) => {
    const keys = stageKeys({ ...INPUTS, ...change });
    const different = (['tools', 'tree', 'disk'] as const).filter((stage) => keys[stage] !== KEYS[stage]);
    expect(different.toSorted()).toEqual(changed);
  });
});

test('a lock alone changes nothing: only what is in it counts', () => {
  const release = { ...INPUTS.release, locked: INPUTS.packages };
  expect(stageKeys({ ...INPUTS, release })).toEqual(KEYS);
});

test('where packages of our own lie does not matter, only what they are', () => {
  const keysAt = (folder: string, digest: string) =>
    stageKeys({ ...INPUTS, release: { ...INPUTS.release, local: local(folder, digest) } });
  expect(keysAt('/a', '1')).toEqual(keysAt('/b', '1'));
  expect(keysAt('/a', '1').tree).not.toBe(keysAt('/a', '2').tree);
});

describe('the version asked for', () => {
  const packages = [{ name: 'rtpengine-daemon', version: '12.5.1.31-1' }];

  test('is the one that the base has, or the beginning of it', () => {
    expect(offeredVersion('mr12.5.1.31', 'debian-13', packages)).toBe('mr12.5.1.31');
    expect(offeredVersion('mr12.5', 'debian-13', packages)).toBe('mr12.5.1.31');
  });

  test('is never replaced by another: the sentence names what there is', () => {
    expect(() => offeredVersion('mr12.5.2', 'debian-13', packages)).toThrow(
      'mr12.5.2: debian-13 has mr12.5.1.31',
    );
    expect(() => offeredVersion('mr12.5.2', 'debian-13', [])).toThrow('mr12.5.2: debian-13 has no RTPEngine');
  });
});
