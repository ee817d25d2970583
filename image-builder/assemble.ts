/** The disk stage: from the cached trees and our own files to the archive and its manifest, in the cache. */
import { linkSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES } from './architecture.ts';
import { type Cache, cached, remove, workFolder } from './cache.ts';
import { buildFailed, type Shop } from './command.ts';
import { digestOf } from './digest.ts';
import * as disk from './disk.ts';
import { fillEsp } from './esp.ts';
import { fileDigest } from './file-digest.ts';
import { developmentPackages } from './hygiene.ts';
import { TREE_FILES } from './image-tree.ts';
import { inspectDisk } from './inspect.ts';
import { recordModule } from './kernel/record.ts';
import { diskLayout } from './layout.ts';
import { checkManifest, type DiskFacts, type Manifest, manifestOf, originOf } from './manifest.ts';
import { type Package, readPackageList } from './packages.ts';
import type { ImagePlan } from './plan.ts';
import { furtherArguments } from './recipe.ts';
import { type PackageFacts, sbomOf } from './sbom/cyclonedx.ts';
import { packageFacts } from './sbom/facts.ts';
import type { Stopwatch } from './stopwatch.ts';
import { type Bench, openBench } from './tools.ts';

/** Files of a disk's cache entry. */
export const DISK_FILES = {
  archive: 'disk.tar.gz',
  manifest: 'manifest.json',
  /** What the bill of materials is made of (`PackageFacts`). */
  packages: 'packages.json',
  sbom: 'sbom.cdx.json',
} as const;

/** Folders of the two other stages. */
export type Trees = { readonly tools: string; readonly tree: string };

/** @returns the folder with the files of `DISK_FILES` */
export async function assembleDisk(
  shop: Shop,
  cache: Cache,
  plan: ImagePlan,
  trees: Trees,
  watch: Stopwatch,
): Promise<string> {
  return await cached(shop, cache, 'disk', plan.keys.disk, async (folder) => {
    const bench = openBench(trees.tools, workFolder(cache, 'bench'));
    const facts = await makeDisk(shop, plan, trees.tree, bench, watch);
    linkSync(join(bench.work, disk.WORK.archive), join(folder, DISK_FILES.archive));
    const manifest = checkManifest(manifestOf(plan, facts, new Date().toISOString(), watch.seconds()));
    writeManifest(folder, manifest);
    const packages = await packageFacts(shop, bench, disk.WORK.tree, plan.tree.packages);
    writeFileSync(join(folder, DISK_FILES.packages), `${JSON.stringify(packages)}\n`);
    await remove(shop, [bench.work]);
  });
}

/** Makes and inspects the disk in `bench.work`; leaves all that it made there. */
export async function makeDisk(
  shop: Shop,
  plan: ImagePlan,
  tree: string,
  bench: Bench,
  watch: Stopwatch,
): Promise<DiskFacts> {
  const packages = readPackageList(join(tree, TREE_FILES.packages));
  checkSamePackages(packages, plan.tree.packages);
  checkNoCompiler(packages);
  const { sizeGb, keys, architecture } = plan;
  const layout = diskLayout(sizeGb, keys.disk, furtherArguments(plan.files), architecture);
  const order = { bench, layout };
  await watch.time('merge files', () =>
    disk.mergeRoot(shop, bench, join(tree, TREE_FILES.archive), plan.files),
  );
  const boot = await disk.extractBoot(shop, bench);
  await disk.partitionDisk(shop, order);
  await watch.time('root file system', () => disk.fillRoot(shop, order));
  await watch.time('EFI boot', () => fillEsp(shop, order, boot, plan.signing));
  if (ARCHITECTURES[architecture].hasBios)
    await watch.time('BIOS boot', () => disk.installBios(shop, order, boot));
  const [raw] = await watch.time('pack', () =>
    Promise.all([artifact(join(bench.work, disk.WORK.disk)), disk.packDisk(shop, bench)]),
  );
  await watch.time('inspect', () => inspectDisk(shop, order, plan.base));
  const archive = await artifact(join(bench.work, disk.WORK.archive));
  const { module } = plan.tree;
  const kernelModule = module && (await recordModule(shop, bench, disk.WORK.tree, module));
  const facts = { archive, disk: raw, kernel: boot.kernel, packages };
  return kernelModule === undefined ? facts : { ...facts, kernelModule };
}

/** The manifest of a disk that was made before. The same packages may come from another place by now, and be locked. */
export function renewManifest(folder: string, plan: ImagePlan): Manifest {
  const kept = readManifest(folder);
  const {
    source: _source,
    place: _place,
    commit: _commit,
    content: _content,
    compile: _compile,
    lock: _lock,
    ...facts
  } = kept;
  const manifest = checkManifest({ ...facts, ...originOf(plan) });
  if (digestOf(JSON.parse(JSON.stringify(manifest))) !== digestOf(JSON.parse(JSON.stringify(kept))))
    writeManifest(folder, manifest);
  return manifest;
}

function writeManifest(folder: string, manifest: Manifest): void {
  const file = join(folder, DISK_FILES.manifest);
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(manifest, null, 2)}\n`);
  renameSync(`${file}.${process.pid}`, file);
}

/** What the bill of materials beside a disk is made of. */
export function readPackageFacts(folder: string): readonly PackageFacts[] {
  return JSON.parse(readFileSync(join(folder, DISK_FILES.packages), 'utf8'));
}

/** Writes the bill of materials beside a disk; the same for the same disk, so it may be written anew at any time.
 * @returns its path */
export function writeSbom(folder: string, manifest: Manifest): string {
  const packages = readPackageFacts(folder);
  const file = join(folder, DISK_FILES.sbom);
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(sbomOf(manifest, packages), null, 2)}\n`);
  renameSync(`${file}.${process.pid}`, file);
  return file;
}

export function readManifest(folder: string): Manifest {
  return checkManifest(JSON.parse(readFileSync(join(folder, DISK_FILES.manifest), 'utf8')));
}

async function artifact(file: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  return { bytes: statSync(file).size, sha256: await fileDigest(file) };
}

function checkNoCompiler(packages: readonly Package[]): void {
  const found = developmentPackages(packages.map(({ name }) => name));
  if (found.length > 0)
    throw buildFailed(
      'development-packages',
      `an image holds no compiler and no headers: ${found.join(', ')}`,
    );
}

/** The key was made of what the archive offered; the tree must hold just that. */
function checkSamePackages(installed: readonly Package[], planned: readonly Package[]): void {
  const words = (items: readonly Package[]) => new Set(items.map((item) => `${item.name} ${item.version}`));
  const [have, want] = [words(installed), words(planned)];
  const difference = [...want].filter((word) => !have.has(word)).map((word) => `-${word}`);
  difference.push(...[...have].filter((word) => !want.has(word)).map((word) => `+${word}`));
  if (difference.length === 0) return;
  throw buildFailed(
    'packages-changed',
    `the tree does not hold the packages that were planned (${difference.slice(0, 5).join(', ')}); the archive may have changed during the build: run it again`,
  );
}
