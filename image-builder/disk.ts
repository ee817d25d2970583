/** From a tree and our own files to `disk.raw` and the tar.gz that GCE imports. Needs no root, loop device or mount. */
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { EPOCH } from './bases.ts';
import { GRUB_MODULES, grubScript, writeBiosBoot } from './bios.ts';
import { buildFailed, type Shop } from './command.ts';
import { type DiskLayout, kernelCommandLine, SECTOR, sfdiskScript } from './layout.ts';
import { type ImageFile, writeOverlay } from './overlay.ts';
import type { Signing } from './secure-boot.ts';
import { signPrograms } from './sign.ts';
import { type Bench, runTool } from './tools.ts';

export type DiskOrder = {
  readonly bench: Bench;
  readonly layout: DiskLayout;
};

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

const EFI = '/usr/lib/systemd/boot/efi';
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

/** Names of kernel and initrd, taken out of the tree into `boot/`. */
export async function extractBoot(
  shop: Shop,
  bench: Bench,
): Promise<{ readonly kernel: string; readonly initrd: string }> {
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
    '-m',
    '1',
    ...identity,
    '-d',
    WORK.root,
    WORK.disk,
    size,
  ]);
}

/** Makes the EFI system partition: systemd-boot, and kernel + initrd + command line as one EFI program. */
export async function fillEsp(
  shop: Shop,
  { bench, layout }: DiskOrder,
  boot: { readonly kernel: string; readonly initrd: string },
  signing?: Signing,
): Promise<void> {
  const inputs = [
    `--linux=boot/${boot.kernel}`,
    `--initrd=boot/${boot.initrd}`,
    '--os-release=@usr/lib/os-release',
  ];
  const outputs = [
    `--cmdline=${kernelCommandLine(layout)}`,
    `--uname=${boot.kernel.slice('vmlinuz-'.length)}`,
  ];
  const stub = `--stub=${EFI}/linuxx64.efi.stub`;
  await runTool(shop, bench, ['ukify', 'build', ...inputs, ...outputs, stub, `--output=${WORK.uki}`]);
  copyFileSync(join(bench.tree, EFI, 'systemd-bootx64.efi'), join(bench.work, WORK.loader));
  if (signing !== undefined) await signPrograms(shop, bench, signing, [WORK.uki, WORK.loader]);
  const esp = join(bench.work, 'esp');
  for (const folder of ['EFI/BOOT', 'EFI/Linux', 'loader']) mkdirSync(join(esp, folder), { recursive: true });
  copyFileSync(join(bench.work, WORK.loader), join(esp, 'EFI/BOOT/BOOTX64.EFI'));
  copyFileSync(join(bench.work, WORK.uki), join(esp, 'EFI/Linux', WORK.uki));
  writeFileSync(join(esp, 'loader/loader.conf'), 'timeout 0\neditor no\n');
  for (const name of readdirSync(esp, { recursive: true })) utimesSync(join(esp, String(name)), EPOCH, EPOCH);
  const { start, sectors } = layout.esp;
  const format = ['mkfs.vfat', '--invariant', '-F', '32', '-S', String(SECTOR), '-s', '1', '-n', 'ESP'];
  const place = [
    `--offset=${start}`,
    '-i',
    layout.ids.fatSerial,
    WORK.disk,
    String((sectors * SECTOR) / 1024),
  ];
  await runTool(shop, bench, [...format, ...place]);
  await runTool(shop, bench, [
    'mcopy',
    '-i',
    `${WORK.disk}@@${start * SECTOR}`,
    '-s',
    '-m',
    '-Q',
    'esp/EFI',
    'esp/loader',
    '::/',
  ]);
}

/** Makes the disk start under BIOS as well. */
export async function installBios(
  shop: Shop,
  { bench, layout }: DiskOrder,
  boot: { readonly kernel: string; readonly initrd: string },
): Promise<void> {
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
