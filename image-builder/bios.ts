/** Installs GRUB for BIOS into a disk image by writing three numbers; grub-bios-setup itself wants a real device. Pure
 * but for `writeBiosBoot`. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { buildFailed } from './command.ts';
import { type DiskLayout, kernelCommandLine, SECTOR } from './layout.ts';

/** Modules that core.img needs to find and start a kernel on ext4; nothing is loaded from disk later. */
export const GRUB_MODULES = [
  'biosdisk',
  'part_gpt',
  'ext2',
  'search_fs_uuid',
  'linux',
  'normal',
  'serial',
  'terminal',
  'echo',
  'reboot',
];

/** Offsets in boot.img and core.img (GRUB: include/grub/i386/pc/boot.h, include/grub/offsets.h @ 2.12). */
const KERNEL_SECTOR = 0x5c;
const DRIVE_CHECK = 0x66;
const FIRST_BLOCKLIST = SECTOR - 12;
/** Code of boot.img ends here; disk signature and partition table follow and stay as sfdisk wrote them. */
const BOOT_CODE_BYTES = 440;
const TWO_NOPS = Buffer.from([0x90, 0x90]);

/** Commands that core.img runs. */
export function grubScript(layout: DiskLayout, kernel: string, initrd: string): string {
  return [
    'serial --unit=0 --speed=38400',
    'terminal_output serial console',
    `search.fs_uuid ${layout.ids.rootFs} root`,
    `linux ($root)/boot/${kernel} ${kernelCommandLine(layout)}`,
    `initrd ($root)/boot/${initrd}`,
    'boot',
    'echo rtpfleet: no kernel could be started',
    '',
  ].join('\n');
}

/** Boot sector that loads core.img from `coreSector`. */
export function patchedBootSector(bootImage: Buffer, coreSector: number): Buffer {
  const sector = Buffer.from(bootImage.subarray(0, BOOT_CODE_BYTES));
  sector.writeBigUInt64LE(BigInt(coreSector), KERNEL_SECTOR);
  // Some BIOSes pass no boot drive; grub-bios-setup removes this check for hard disks too.
  TWO_NOPS.copy(sector, DRIVE_CHECK);
  return sector;
}

/** core.img whose first sector knows that the rest of it follows right behind. */
export function patchedCore(core: Buffer, coreSector: number): Buffer {
  const patched = Buffer.from(core);
  patched.writeBigUInt64LE(BigInt(coreSector + 1), FIRST_BLOCKLIST);
  return patched;
}

/** Writes boot code and core image into the disk's boot sector and BIOS boot partition. */
export function writeBiosBoot(disk: string, layout: DiskLayout, bootImage: string, coreImage: string): void {
  const core = patchedCore(readFileSync(coreImage), layout.bios.start);
  if (core.length > layout.bios.sectors * SECTOR) {
    throw buildFailed('grub-size', `GRUB's core image (${core.length} bytes) does not fit its partition`);
  }
  const file = openSync(disk, 'r+');
  try {
    const sector = patchedBootSector(readFileSync(bootImage), layout.bios.start);
    writeSync(file, sector, 0, sector.length, 0);
    writeSync(file, core, 0, core.length, layout.bios.start * SECTOR);
  } finally {
    closeSync(file);
  }
}
