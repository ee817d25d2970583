import { expect, test } from 'vitest';
import { lockOf } from '../../../image-builder/lock/take.ts';
import { DEBIAN, type Supply } from '../../../image-builder/supply.ts';
import { deb } from './support/locks.ts';

const MIRRORS = { main: 'http://m.example/debian', security: 'http://m.example/s', signedBy: undefined };
const release = { codename: 'trixie', mirrors: MIRRORS };
const DAEMON = deb('ngcp-rtpengine-daemon', '13.4.1.10', 'd'.repeat(64));
const tree = { release, include: ['bash'], packages: [deb('bash', '5.2'), DAEMON] };
const tools = { release, include: ['tar'], packages: [deb('tar', '1')] };
const COMPILED: Supply = {
  ...{ kind: 'debs', folder: '/debs', origin: { source: 'git' }, daemon: DAEMON.name },
  ...{ debianVersion: DAEMON.version, version: 'mr13.4.1.10' },
  debs: [{ file: 'daemon.deb', sha256: DAEMON.sha256 }],
};

test('a lock of packages has no tree for compiling, and none of its packages is our own', () => {
  const lock = lockOf('debian-13', { tree, tools }, DEBIAN);
  expect(lock).not.toHaveProperty('build');
  expect(lock).not.toHaveProperty('module');
  expect(lock).toMatchObject({ architecture: 'amd64', image: { packages: tree.packages, own: [] } });
});

test('what was compiled is named apart: no archive has it; the tree that it was compiled in is locked too', () => {
  const build = { include: ['gcc'], packages: [deb('gcc', '14')] };
  const lock = lockOf('debian-13', { tree, tools }, COMPILED, { build });
  expect(lock.image.packages.map(({ name }) => name)).toEqual(['bash']);
  expect(lock.image.own).toEqual([{ name: DAEMON.name, version: DAEMON.version }]);
  expect(lock.build).toEqual(build);
});
