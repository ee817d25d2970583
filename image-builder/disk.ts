/** From a tree and our own files to `disk.raw` and the tar.gz that GCE imports. Needs no root, loop device or mount. */
import { linkSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EPOCH } from './bases.ts';
import { GRUB_MODULES, grubScript, writeBiosBoot } from './bios.ts';
import { buildFailed, type Shop } from './command.ts';
import { type DiskLayout, SECTOR, sfdiskScript } from './layout.ts';
import { type ImageFile, writeOverlay } from './overlay.ts';
import { type Bench, runTool } from './tools.ts';

export type DiskOrder = {
  readonly bench: Bench;
  readonly layout: DiskLayout;
};

/** Names of kernel and initrd in `boot/` of the work folder. */
export type BootFiles = { readonly kernel: string; readonly initrd: string };

/** Names in the work folder. */
export const WORK = {
  tree: 'tree.tar',
  root: 'root.tar',
  disk: 'disk.raw',
  archive: 'disk.tar.gz',
  uki: 'rtpfleet.efi',
  loader: 'loader.efi',
  grub: 'grub.cfg',
};

const GRUB = '/usr/lib/grub/i386-pc';

/** Merges tree and our own files into one archive; a file of ours takes the place of the tree's. */
export async function mergeRoot(
  shop: Shop,
  bench: Bench,
  treeArchive: string,
  files: readonly ImageFile[],
): Promise<void> {
  linkSync(treeArchive, join(bench.work, WORK.tree));
  const overlay = writeOverlay(bench.work, files);
  const replaced = files.map((file) => `--exclude=^.${file.path}$`);
  const merge = ['bsdtar', '--format=pax', '--create', '--file', WORK.root, ...replaced, `@${WORK.tree}`];
  await runTool(shop, bench, merge);
  // A second archive, since the exclusions hold for every archive of one command.
  await runTool(shop, bench, ['bsdtar', '--format=pax', '--create', '--file', 'overlay.tar', `@${overlay}`]);
  await runTool(shop, bench, ['tar', '--concatenate', '--file', WORK.root, 'overlay.tar']);
}

/** Takes kernel and initrd out of the tree. */
export async function extractBoot(shop: Shop, bench: Bench): Promise<BootFiles> {
  mkdirSync(join(bench.work, 'boot'));
  const pick = [
    '--include=./boot/vmlinuz-*',
    '--include=./boot/initrd.img-*',
    '--include=./usr/lib/os-release',
  ];
  await runTool(shop, bench, ['bsdtar', '--extract', '--file', WORK.tree, ...pick]);
  const names = readdirSync(join(bench.work, 'boot'));
  const [kernel, second] = names.filter((name) => name.startsWith('vmlinuz-'));
  const initrd = names.find((name) => name.startsWith('initrd.img-'));
  if (kernel === undefined || initrd === undefined || second !== undefined) {
    throw buildFailed(
      'kernel',
      `the tree should hold one kernel with its initrd, it holds: ${names.join(', ') || 'none'}`,
    );
  }
  return { kernel, initrd };
}

/** An empty disk with its partition table. */
export async function partitionDisk(shop: Shop, { bench, layout }: DiskOrder): Promise<void> {
  const disk = join(bench.work, WORK.disk);
  writeFileSync(disk, '');
  truncateSync(disk, layout.bytes);
  const script = sfdiskScript(layout);
  await runTool(shop, bench, ['sfdisk', '--quiet', '--no-reread', '--no-tell-kernel', WORK.disk], {
    attend: () => Promise.resolve(script),
  });
}

/** Makes the root file system in its place on the disk, out of the merged archive. */
export async function fillRoot(shop: Shop, { bench, layout }: DiskOrder): Promise<void> {
  const { root, ids } = layout;
  const extended = [`offset=${root.start * SECTOR}`, `hash_seed=${ids.rootFs}`, 'nodiscard'].join(',');
  const identity = ['-U', ids.rootFs, '-L', 'rtpfleet', '-E', extended];
  const size = `${Math.floor((root.sectors * SECTOR) / 1024)}k`;
  // Files are found by archive entry, so a folder must come before what is in it: bsdtar and mmdebstrap keep to that.
  await runTool(shop, bench, [
    'mke2fs',
    '-q',
    '-F',
    '-t',
    'ext4',
    // mke2fs 1.47 gives it by default, and e2fsck 1.46 of Ubuntu 22.04 then refuses the root at boot.
    '-O',
    '^orphan_file',
    '-m',
    '1',
    ...identity,
    '-d',
    WORK.root,
    WORK.disk,
    size,
  ]);
}

/** Makes the disk start under BIOS as well. */
export async function installBios(shop: Shop, { bench, layout }: DiskOrder, boot: BootFiles): Promise<void> {
  writeFileSync(join(bench.work, WORK.grub), grubScript(layout, boot.kernel, boot.initrd));
  const make = ['grub-mkimage', '-O', 'i386-pc', '-d', GRUB, '-p', '', '-c', WORK.grub, '-o', 'core.img'];
  await runTool(shop, bench, [...make, ...GRUB_MODULES]);
  const bootImage = join(bench.tree, GRUB, 'boot.img');
  writeBiosBoot(join(bench.work, WORK.disk), layout, bootImage, join(bench.work, 'core.img'));
}

/**
 * Packs the disk the way GCE imports it: gzip of one `disk.raw` in oldgnu form, sparse, without extended attributes
 * (GCE: "Import disk images"; coreos-assembler platform.gcp.ipp.yaml).
 */
export async function packDisk(shop: Shop, bench: Bench): Promise<void> {
  // Holes are found by reading: where a file system put them would depend on the machine.
  const plain = [
    '--format=oldgnu',
    '--sparse',
    '--hole-detection=raw',
    '--no-acls',
    '--no-selinux',
    '--no-xattrs',
  ];
  const owner = ['--owner=root:0', '--group=root:0', '--numeric-owner', '--mode=0644', `--mtime=@${EPOCH}`];
  const tar = ['tar', '--create', ...plain, ...owner, '--file=-', WORK.disk].join(' ');
  // More than one process: with one, pigz writes other bytes than with any higher number.
  await runTool(shop, bench, ['bash', '-o', 'pipefail', '-c', `${tar} | pigz -3 -n -p 4 >${WORK.archive}`]);
}
