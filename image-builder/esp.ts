/** The EFI system partition: systemd-boot, and kernel + initrd + command line as one EFI program. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ARCHITECTURES } from './architecture.ts';
import { EPOCH } from './bases.ts';
import type { Shop } from './command.ts';
import { type BootFiles, type DiskOrder, WORK } from './disk.ts';
import { type DiskLayout, kernelCommandLine, SECTOR } from './layout.ts';
import type { Signing } from './secure-boot.ts';
import { signPrograms } from './sign.ts';
import { runTool } from './tools.ts';

const EFI = '/usr/lib/systemd/boot/efi';

/** Fills the partition in its place on the disk. */
export async function fillEsp(
  shop: Shop,
  { bench, layout }: DiskOrder,
  boot: BootFiles,
  signing?: Signing,
): Promise<void> {
  const kernel = join(bench.work, 'boot', boot.kernel);
  writeFileSync(kernel, plainKernel(readFileSync(kernel)));
  await runTool(shop, bench, ukiCommand(layout, boot));
  const loader = `systemd-boot${ARCHITECTURES[layout.architecture].efi}.efi`;
  copyFileSync(join(bench.tree, EFI, loader), join(bench.work, WORK.loader));
  if (signing !== undefined) await signPrograms(shop, bench, signing, [WORK.uki, WORK.loader]);
  writeFolder(bench.work, layout);
  const { start, sectors } = layout.esp;
  const format = ['mkfs.vfat', '--invariant', '-F', '32', '-S', String(SECTOR), '-s', '1', '-n', 'ESP'];
  const place = [`--offset=${start}`, '-i', layout.ids.fatSerial, WORK.disk];
  await runTool(shop, bench, [...format, ...place, String((sectors * SECTOR) / 1024)]);
  const into = ['mcopy', '-i', `${WORK.disk}@@${start * SECTOR}`, '-s', '-m', '-Q'];
  await runTool(shop, bench, [...into, 'esp/EFI', 'esp/loader', '::/']);
}

/** A kernel as an EFI program: Ubuntu packs that of arm64 with gzip, which no firmware and no stub unpacks. Pure. */
export function plainKernel(content: Buffer): Buffer {
  const isGzip = content[0] === 0x1f && content[1] === 0x8b;
  return isGzip ? gunzipSync(content) : content;
}

/** The command that makes one EFI program of kernel, initrd and command line. Pure. */
export function ukiCommand(layout: DiskLayout, { kernel, initrd }: BootFiles): readonly string[] {
  const { efi } = ARCHITECTURES[layout.architecture];
  return [
    ...['ukify', 'build', `--linux=boot/${kernel}`, `--initrd=boot/${initrd}`],
    ...['--os-release=@usr/lib/os-release', `--cmdline=${kernelCommandLine(layout)}`],
    ...[`--uname=${kernel.slice('vmlinuz-'.length)}`, `--efi-arch=${efi}`],
    ...[`--stub=${EFI}/linux${efi}.efi.stub`, `--output=${WORK.uki}`],
  ];
}

/** Folders and files of the partition, all as old as `EPOCH`. */
function writeFolder(work: string, { architecture }: DiskLayout): void {
  const esp = join(work, 'esp');
  for (const folder of ['EFI/BOOT', 'EFI/Linux', 'loader']) mkdirSync(join(esp, folder), { recursive: true });
  copyFileSync(join(work, WORK.loader), join(esp, 'EFI/BOOT', ARCHITECTURES[architecture].firmwareLoader));
  copyFileSync(join(work, WORK.uki), join(esp, 'EFI/Linux', WORK.uki));
  writeFileSync(join(esp, 'loader/loader.conf'), 'timeout 0\neditor no\n');
  for (const name of readdirSync(esp, { recursive: true })) utimesSync(join(esp, String(name)), EPOCH, EPOCH);
}
