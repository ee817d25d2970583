/** The container image, made twice from the same trees: the same bytes, and a layout whose digests all fit. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadFleet } from '../../configs/load.ts';
import { openCache } from '../../image-builder/cache.ts';
import { runCommand } from '../../image-builder/command.ts';
import { fileDigest } from '../../image-builder/file-digest.ts';
import { imageTree } from '../../image-builder/image-tree.ts';
import { makeOci } from '../../image-builder/outputs/oci.ts';
import { ENTRYPOINT } from '../../image-builder/outputs/oci-documents.ts';
import { planImage } from '../../image-builder/plan.ts';
import { toolsTree } from '../../image-builder/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-oci-'));
const shop = { log: join(folder, 'log'), signal: new AbortController().signal };
const archives = ['first', 'second'].map((name) => join(folder, `${name}.oci.tar`));
const layout = join(folder, 'layout');
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  const cache = openCache(process.env);
  const fleet = loadFleet(join(import.meta.dirname, '../../configs/fleets/lab.yaml'));
  const plan = await planImage(shop, cache, fleet);
  const tools = await toolsTree(shop, cache, plan.tools);
  const tree = await imageTree(shop, cache, plan.tree.release, plan.tree.packages);
  for (const archive of archives) {
    const work = `${archive}.work`;
    mkdirSync(work);
    await makeOci(shop, { tree: tools, work }, plan, tree, archive);
    rmSync(work, { recursive: true });
  }
  mkdirSync(layout);
  await runCommand(shop, ['tar', '--extract', '--file', archives[0] ?? '', '--directory', layout]);
});

const blob = (digest: string) => readFileSync(join(layout, 'blobs', digest.replace(':', '/')));
const document = (digest: string) => JSON.parse(blob(digest).toString('utf8'));
const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

test('made twice it has the same bytes', async () => {
  const [first, second] = await Promise.all(archives.map((archive) => fileDigest(archive)));
  expect(second).toBe(first);
});

test('every blob is named by its digest, and each is reached from the index', () => {
  const [named] = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests;
  const manifest = document(named.digest);
  const reached = [named, manifest.config, ...manifest.layers];
  for (const { digest, size } of reached) {
    expect(sha256(blob(digest))).toBe(digest);
    expect(blob(digest).length).toBe(size);
  }
  expect(readdirSync(join(layout, 'blobs/sha256')).toSorted()).toEqual(
    reached.map(({ digest }) => digest.slice('sha256:'.length)).toSorted(),
  );
  const plain = manifest.layers.map(({ digest }: { digest: string }) => sha256(gunzipSync(blob(digest))));
  expect(document(manifest.config.digest).rootfs.diff_ids).toEqual(plain);
});

test('what it starts with is a program in its last layer', async () => {
  const [named] = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests;
  const { config, layers } = document(named.digest);
  expect(document(config.digest).config.Entrypoint).toEqual([ENTRYPOINT]);
  const file = join(layout, 'blobs', layers.at(-1).digest.replace(':', '/'));
  const listing = await runCommand(shop, ['tar', '--list', '--verbose', '--gzip', '--file', file]);
  expect(listing).toMatch(new RegExp(`^-rwxr-xr-x .* \\.${ENTRYPOINT}$`, 'm'));
});
