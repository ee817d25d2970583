/**
 * The system of an image as an OCI image (opencontainers/image-spec v1.1: image-layout, manifest, config), for development: as
 * one archive that `podman load` and `skopeo copy oci-archive:…` read. Two layers, the packages and our own files, so that a
 * changed configuration is a small pull. No kernel and no devices: a container has its host's.
 *
 * By hand, since an image layout is three JSON documents beside tar archives that are made here anyway; the tools for it
 * (umoci, buildah) would unpack and pack again what is an archive already, and put their own clock into it.
 */
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EPOCH } from '../bases.ts';
import type { Shop } from '../command.ts';
import { fileDigest } from '../file-digest.ts';
import { TREE_FILES } from '../image-tree.ts';
import { writeOverlay } from '../overlay.ts';
import type { ImagePlan } from '../plan.ts';
import { type Bench, runTool } from '../tools.ts';
import { type Descriptor, imageConfig, imageIndex, imageManifest, MEDIA } from './oci-documents.ts';

/** Code that decides the bytes: when it changes, so does the key. */
export const CODE = ['outputs/oci.ts', 'outputs/oci-documents.ts', 'overlay.ts'];

/** What only a machine of its own needs; the folders stay. */
const LEFT_OUT = ['./boot/?*', './usr/lib/modules/?*', './usr/lib/firmware/?*', './dev/?*'];

const LAYOUT = 'layout';
const BLOBS = `${LAYOUT}/blobs/sha256`;

/** @param system folder with the files of `TREE_FILES` */
export async function makeOci(
  shop: Shop,
  bench: Bench,
  plan: ImagePlan,
  system: string,
  target: string,
): Promise<void> {
  mkdirSync(join(bench.work, BLOBS), { recursive: true });
  linkSync(join(system, TREE_FILES.archive), join(bench.work, 'tree.tar'));
  const excluded = LEFT_OUT.map((path) => `--exclude=${path}`);
  const bsdtar = ['bsdtar', '--format=pax', '--create', '--file'];
  await runTool(shop, bench, [...bsdtar, 'system.tar', ...excluded, '@tree.tar']);
  await runTool(shop, bench, [...bsdtar, 'ours.tar', `@${writeOverlay(bench.work, plan.files)}`]);
  const layers = [await layer(shop, bench, 'system.tar'), await layer(shop, bench, 'ours.tar')];
  const config = blob(bench, MEDIA.config, imageConfig(plan, layers));
  const manifest = blob(bench, MEDIA.manifest, imageManifest(config, layers));
  writeFileSync(join(bench.work, LAYOUT, 'index.json'), JSON.stringify(imageIndex(manifest, plan)));
  writeFileSync(join(bench.work, LAYOUT, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await packLayout(shop, bench);
  renameSync(join(bench.work, 'oci.tar'), target);
}

/** Compresses a layer into the blobs. The digest of the plain archive is what a container engine checks after unpacking. */
async function layer(
  shop: Shop,
  bench: Bench,
  archive: string,
): Promise<Descriptor & { readonly diffId: string }> {
  const diffId = `sha256:${await fileDigest(join(bench.work, archive))}`;
  // More than one process: with one, pigz writes other bytes than with any higher number.
  await runTool(shop, bench, ['pigz', '-3', '-n', '-p', '4', archive]);
  const packed = join(bench.work, `${archive}.gz`);
  const sha256 = await fileDigest(packed);
  const size = statSync(packed).size;
  renameSync(packed, join(bench.work, BLOBS, sha256));
  return { mediaType: MEDIA.layer, digest: `sha256:${sha256}`, size, diffId };
}

function blob(bench: Bench, mediaType: string, document: object): Descriptor {
  const text = JSON.stringify(document);
  const sha256 = createHash('sha256').update(text).digest('hex');
  writeFileSync(join(bench.work, BLOBS, sha256), text);
  return { mediaType, digest: `sha256:${sha256}`, size: Buffer.byteLength(text) };
}

async function packLayout(shop: Shop, bench: Bench): Promise<void> {
  const owner = ['--owner=root:0', '--group=root:0', '--numeric-owner', '--mode=a=rX,u+w'];
  const order = ['--format=ustar', '--sort=name', `--mtime=@${EPOCH}`];
  const inside = ['--directory', LAYOUT, 'blobs', 'index.json', 'oci-layout'];
  await runTool(shop, bench, ['tar', '--create', ...owner, ...order, '--file=oci.tar', ...inside]);
}
