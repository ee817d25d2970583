/** The compile stage on a real tree of the base, with a source package of our own: see its README. Takes some minutes. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseFleet } from '../../configs/load.ts';
import { openCache, ownWorkFolders, remove } from '../../image-builder/cache.ts';
import { compileDebs } from '../../image-builder/compile/compile.ts';
import { findOrder } from '../../image-builder/compile/order.ts';
import { debsIn } from '../../image-builder/compile/packages.ts';
import { readCompileRecord } from '../../image-builder/compile/record.ts';
import { findSupply } from '../../image-builder/compile/supply.ts';
import { buildTree } from '../../image-builder/lock/build-tree.ts';
import { planImage } from '../../image-builder/plan.ts';
import { showProgress } from '../../image-builder/progress.ts';

const FIXTURE = join(import.meta.dirname, '../image-builder/compile/fixture');
const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-compile-'));
const cache = openCache({ RTPFLEET_CACHE: join(folder, 'cache') });
const shop = { log: join(folder, 'log.log'), signal: new AbortController().signal };
const progress = showProgress('silent');
afterAll(async () => {
  await remove(shop, ownWorkFolders(cache));
  rmSync(folder, { recursive: true });
});

function fleet(settings: string, base = 'debian-13') {
  const cloud = '{ project: my-project, region: us-central1, zones: [us-central1-a] }';
  const image = `{ version: mr1.2, base: ${base}, source: ${JSON.stringify(FIXTURE)}, ${settings} }`;
  return parseFleet(`name: f1\ncloud: ${cloud}\nimage: ${image}\n`, 'fleet.yaml');
}

test('a source becomes packages once; an image asks apt for just these', async () => {
  const supply = await findSupply(shop, cache, fleet('check: true'), progress);
  if (supply.kind !== 'debs') throw new Error(supply.kind);
  expect(supply).toMatchObject({
    daemon: 'ngcp-rtpengine-daemon',
    version: 'mr1.2.3.4',
    origin: { source: 'path', place: FIXTURE },
  });
  const made = supply.origin.compile;
  expect(made?.seconds).toBeGreaterThan(0);
  expect(made?.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['gcc', 'gperf', 'pandoc']));
  const log = readFileSync(join(supply.folder, 'check.log'), 'utf8');
  expect(log).toMatch(/^\.\/rtpengine --version\nVersion: 1\.2\.3\.4\+0~fixture$/m); // its tests ran
  const entries = readdirSync(join(cache.root, 'debs'));

  expect(await findSupply(shop, cache, fleet('check: true'), progress)).toEqual(supply);
  expect(readdirSync(join(cache.root, 'debs'))).toEqual(entries);

  const plan = await planImage(shop, cache, fleet('check: true'), supply);
  expect(plan.version).toBe('mr1.2.3.4');
  const daemon = { name: 'ngcp-rtpengine-daemon', version: '1.2.3.4+0~fixture' };
  expect(plan.tree.packages).toContainEqual(expect.objectContaining(daemon));
  const names = plan.tree.packages.map(({ name }) => name);
  for (const name of names) expect(name).not.toMatch(/^(?:gcc|g\+\+|make|git|gperf|pandoc)$|-dev$/);
});

test('what the compiler says about a broken source is shown, with the log; nothing is cached', async () => {
  const broken = findSupply(shop, cache, fleet('buildProfiles: [fixture.broken]'), progress);
  const error: unknown = await broken.catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    kind: 'stop',
    code: 'compile-failed',
    message: expect.stringMatching(
      /does not compile \(dpkg-buildpackage\):\n {4}main\.c:8:\d+: error: .*this_is_declared_nowhere/,
    ),
  });
  const { log } = (error as { facts: { log: string } }).facts;
  expect(error).toMatchObject({ hint: `The whole log is ${log}` });
  expect(existsSync(log)).toBe(true);
  expect(readdirSync(join(cache.root, 'debs')).filter((name) => !name.endsWith('.lock'))).toHaveLength(1);
});

test('locked, it is compiled on Debian 12 with just the packages of the lock, to the same bytes in two caches', async () => {
  const order = await findOrder(shop, cache, fleet('check: false', 'debian-12'));
  if (order === undefined) throw new Error('there is nothing to compile');
  const { packages } = await buildTree(shop, cache, order);
  const locked = { ...order, release: { ...order.release, locked: packages } };
  const first = await compileDebs(shop, cache, locked);
  const known = new Set(packages.map(({ name, version }) => `${name}=${version}`));
  const used = readCompileRecord(first)?.packages.map(({ name, version }) => `${name}=${version}`) ?? [];
  expect(used.length).toBeGreaterThan(100);
  expect(used.filter((item) => !known.has(item))).toEqual([]);

  const other = openCache({ RTPFLEET_CACHE: join(folder, 'other') });
  mkdirSync(other.root, { recursive: true });
  renameSync(join(cache.root, 'pool'), join(other.root, 'pool')); // All it needs: no archive is asked.
  const second = await compileDebs(shop, other, locked);
  expect(await debsIn(second)).toEqual(await debsIn(first));
});
