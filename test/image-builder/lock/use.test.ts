import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseFleet } from '../../../configs/load.ts';
import { IMAGE_PACKAGES, TOOLS_PACKAGES } from '../../../image-builder/bases.ts';
import { lockFileOf, type SystemLock, withSystem, writeLock } from '../../../image-builder/lock/lock-file.ts';
import { lockOf } from '../../../image-builder/lock/take.ts';
import { checkLock, findLock, lockedResolvers, lockState } from '../../../image-builder/lock/use.ts';
import { DEBIAN, type Supply } from '../../../image-builder/supply.ts';
import { type PlannedTrees, planTrees, releasesOf } from '../../../image-builder/trees.ts';
import { deb, SYSTEM } from './support/locks.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-lock-use-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FLEET = parseFleet(
  'name: f1\ncloud: { project: my-project, region: us-central1, zones: [us-central1-a] }\nimage: { version: mr12 }\n',
  'f1.yaml',
);
const MIRRORS = { main: 'http://m.example/debian', security: 'http://m.example/s', signedBy: undefined };
const LOCK: SystemLock = {
  ...SYSTEM,
  image: {
    include: IMAGE_PACKAGES,
    packages: [...SYSTEM.image.packages, deb('rtpengine-daemon', '12.5.1.31-1', 'd'.repeat(64))],
    own: [],
  },
  tools: { ...SYSTEM.tools, include: TOOLS_PACKAGES },
};
async function use(system: SystemLock, supply: Supply = DEBIAN, fleet = FLEET): Promise<PlannedTrees> {
  const lock = { file: 'f1.lock.json', system };
  const trees = await planTrees(
    lockedResolvers(lock, releasesOf(fleet, supply, { image: MIRRORS, tools: MIRRORS }), supply),
    fleet,
    supply,
  );
  checkLock(lock, trees.tree, trees.tools);
  return trees;
}

test('a locked image is planned from just what is locked', async () => {
  const { version, tree, tools } = await use(LOCK);
  expect(version).toBe('mr12.5.1.31');
  expect(tree.packages).toEqual(LOCK.image.packages);
  expect(tree.release.locked).toEqual(LOCK.image.packages);
  expect(tools.release.locked).toEqual(LOCK.tools.packages);
});

test.each([
  [[...IMAGE_PACKAGES.slice(1), 'tcpdump'], '+linux-image-cloud-amd64 -tcpdump'],
  [[...IMAGE_PACKAGES, 'tcpdump'], '-tcpdump'],
])('a lock for other packages is refused, and says which', async (include, difference) => {
  await expect(use({ ...LOCK, image: { ...LOCK.image, include } })).rejects.toThrow(
    `f1.lock.json was written for an image of other packages: this one differs in ${difference}`,
  );
});

test('with forwarding in the kernel, the module is built of what is locked for it, and of nothing else', async () => {
  const image = deb('linux-image-6.12-cloud-amd64', '6.12-1', '1'.repeat(64));
  const headers = deb('linux-headers-6.12-cloud-amd64', '6.12-1', '2'.repeat(64));
  const source = deb('rtpengine-kernel-dkms', '12.5.1.31-1', '3'.repeat(64));
  const kernel = { ...LOCK.image, packages: [...LOCK.image.packages, image] };
  const include = ['make', 'kmod', `${headers.name}=${headers.version}`];
  const module = { include, packages: [headers, source], own: [] };
  const fleet = { ...FLEET, rtpengine: { ...FLEET.rtpengine, kernel: 'wanted' as const } };
  const { tree } = await use({ ...LOCK, image: kernel, module }, DEBIAN, fleet);
  expect(tree.packages).toEqual(kernel.packages.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  expect(tree.module?.packages).toEqual([headers, source, source]);
  expect(tree.module?.release.locked).toEqual([...kernel.packages, headers, source]);
  await expect(use({ ...LOCK, image: kernel }, DEBIAN, fleet)).rejects.toThrow(
    /the archive has no headers of kernel|this one differs in \+make \+kmod/,
  );
});

test('a lock for another architecture is refused, and says so', () => {
  const file = join(folder, 'arm.yaml');
  writeLock(lockFileOf(file), withSystem(undefined, LOCK));
  expect(findLock(file, FLEET)?.system.architecture).toBe('amd64');
  const arm = { ...FLEET, image: { ...FLEET.image, architecture: 'arm64' as const } };
  expect(() => findLock(file, arm)).toThrow(/this one differs in \+arm64 -amd64/);
});

test('compiled packages are known by name and version, and are asked for from where they are', async () => {
  const file = 'ngcp-rtpengine-daemon_13.4.1.10_amd64.deb';
  writeFileSync(join(folder, file), 'deb');
  const supply: Supply = {
    kind: 'debs',
    folder,
    origin: { source: 'git' },
    daemon: 'ngcp-rtpengine-daemon',
    debianVersion: '1:13.4.1.10',
    version: 'mr13.4.1.10',
    debs: [{ file, sha256: 'c'.repeat(64) }],
  };
  const daemon = { ...deb('ngcp-rtpengine-daemon', '1:13.4.1.10', 'c'.repeat(64)), size: 3 };
  const include = IMAGE_PACKAGES.map((name) =>
    name === 'rtpengine-daemon' ? 'ngcp-rtpengine-daemon=1:13.4.1.10' : name,
  );
  const release = { codename: 'trixie', mirrors: MIRRORS };
  const tree = { release, include, packages: [...LOCK.image.packages, daemon] };
  const taken = lockOf('debian-13', { tree, tools: { ...LOCK.tools, release } }, supply);
  expect(taken.image.own).toEqual([{ name: daemon.name, version: daemon.version }]);
  expect(taken.image.packages).toEqual(LOCK.image.packages);

  const used = (await use(taken, supply)).tree;
  expect(used.packages).toContainEqual(daemon);
  expect(used.release.locked).toEqual(LOCK.image.packages);
  expect(used.release.local?.folder).toBe(folder);
  await expect(use(taken, DEBIAN)).rejects.toThrow(/-ngcp-rtpengine-daemon=1:13\.4\.1\.10/);
});

test('the state of a lock counts each package once, and those without a copy', () => {
  const cache = { root: join(folder, 'cache') };
  const state = lockState(cache, LOCK);
  expect(state).toMatchObject({ packages: 3, absent: 3 });
  expect(lockState(cache, { ...LOCK, base: 'debian-12' }).digest).not.toBe(state.digest);
});
