/** What is on the disk of an arm64 image in another way: type of the root partition, EFI programs, consoles, no BIOS. */
import { copyFileSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ARCHITECTURES } from '../architecture.ts';
import { EPOCH } from '../bases.ts';
import type { Shop } from '../command.ts';
import { type DiskOrder, partitionDisk, WORK } from '../disk.ts';
import { type DiskLayout, kernelCommandLine, SECTOR } from '../layout.ts';
import type { Signing } from '../secure-boot.ts';
import { signPrograms } from '../sign.ts';
import { runTool } from '../tools.ts';

type Boot = { readonly kernel: string; readonly initrd: string };

const EFI = '/usr/lib/systemd/boot/efi';
const ROOT_NUMBER = '3';

/**
 * Arguments on top of those of every image. Which of the two GCE's ARM machines call their first serial port is documented nowhere
 * that could be read here, so both are consoles: the kernel leaves out the one that is not there.
 */
export const ARM_CONSOLE = 'console=ttyAMA0,38400n8';

/** An empty disk with its partition table. The BIOS boot partition stays, empty: every image lies the same way. */
export async function partitionArmDisk(shop: Shop, order: DiskOrder): Promise<void> {
  await partitionDisk(shop, order);
  const quiet = ['--quiet', '--no-reread', '--no-tell-kernel'];
  const { rootType } = ARCHITECTURES.arm64;
  await runTool(shop, order.bench, ['sfdisk', ...quiet, '--part-type', WORK.disk, ROOT_NUMBER, rootType]);
}

/** A kernel as an EFI program: Ubuntu packs that of arm64 with gzip, which no firmware and no stub unpacks. Pure. */
export function plainKernel(content: Buffer): Buffer {
  const isGzip = content[0] === 0x1f && content[1] === 0x8b;
  return isGzip ? gunzipSync(content) : content;
}

/** The command that makes one EFI program of kernel, initrd and command line. Pure. */
export function armUkiCommand(layout: DiskLayout, { kernel, initrd }: Boot): readonly string[] {
  return [
    ...['ukify', 'build', `--linux=boot/${kernel}`, `--initrd=boot/${initrd}`],
    ...['--os-release=@usr/lib/os-release', `--cmdline=${kernelCommandLine(layout)}`],
    ...[`--uname=${kernel.slice('vmlinuz-'.length)}`, '--efi-arch=aa64'],
    ...[`--stub=${EFI}/linuxaa64.efi.stub`, `--output=${WORK.uki}`],
  ];
}

/** Makes the EFI system partition: systemd-boot, and kernel + initrd + command line as one EFI program. */
export async function fillArmEsp(
  shop: Shop,
  { bench, layout }: DiskOrder,
  boot: Boot,
  signing?: Signing,
): Promise<void> {
  const kernel = join(bench.work, 'boot', boot.kernel);
  writeFileSync(kernel, plainKernel(readFileSync(kernel)));
  await runTool(shop, bench, armUkiCommand(layout, boot));
  copyFileSync(join(bench.tree, EFI, 'systemd-bootaa64.efi'), join(bench.work, WORK.loader));
  if (signing !== undefined) await signPrograms(shop, bench, signing, [WORK.uki, WORK.loader]);
  writeEspFolder(bench.work);
  const { start, sectors } = layout.esp;
  const format = ['mkfs.vfat', '--invariant', '-F', '32', '-S', String(SECTOR), '-s', '1', '-n', 'ESP'];
  const place = [`--offset=${start}`, '-i', layout.ids.fatSerial, WORK.disk];
  await runTool(shop, bench, [...format, ...place, String((sectors * SECTOR) / 1024)]);
  const into = ['mcopy', '-i', `${WORK.disk}@@${start * SECTOR}`, '-s', '-m', '-Q'];
  await runTool(shop, bench, [...into, 'esp/EFI', 'esp/loader', '::/']);
}

/** Folders and files of the partition, none of them newer than `EPOCH`. */
function writeEspFolder(work: string): void {
  const esp = join(work, 'esp');
  const folders = ['EFI', 'EFI/BOOT', 'EFI/Linux', 'loader'];
  for (const folder of folders) mkdirSync(join(esp, folder), { recursive: true });
  const { firmwareLoader } = ARCHITECTURES.arm64;
  const files = [`EFI/BOOT/${firmwareLoader}`, `EFI/Linux/${WORK.uki}`, 'loader/loader.conf'] as const;
  copyFileSync(join(work, WORK.loader), join(esp, files[0]));
  copyFileSync(join(work, WORK.uki), join(esp, files[1]));
  writeFileSync(join(esp, files[2]), 'timeout 0\neditor no\n');
  for (const name of [...files, ...folders]) utimesSync(join(esp, name), EPOCH, EPOCH);
}
