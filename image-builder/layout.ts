/**
 * Where things lie on an image's disk: BIOS boot partition, EFI system partition, root. GPT with both, as GCE's own
 * images have it, so one disk starts under UEFI and under BIOS; where there is no BIOS, its partition is empty. Root comes last: it grows with the disk. Pure.
 */
import { FleetError } from '../lib/errors.ts';
import { ARCHITECTURES, type ArchitectureName, USUAL } from './architecture.ts';
import { uuidFrom } from './digest.ts';

export const SECTOR = 512;
const MIB = 1024 * 1024;
const MIB_SECTORS = MIB / SECTOR;

/** First sector and number of sectors. */
export type Extent = { readonly start: number; readonly sectors: number };

export type DiskLayout = {
  readonly architecture: ArchitectureName;
  readonly bytes: number;
  readonly bios: Extent;
  readonly esp: Extent;
  readonly root: Extent;
  readonly ids: DiskIds;
  /** What the kernel is told on top of what every image tells it. */
  readonly kernelArguments: readonly string[];
};

export type DiskIds = {
  readonly disk: string;
  readonly bios: string;
  readonly esp: string;
  readonly root: string;
  readonly rootFs: string;
  /** Serial number of the FAT file system, eight hexadecimal digits. */
  readonly fatSerial: string;
};

/** GPT partition types (UEFI specification; Discoverable Partitions Specification for the root). */
export function partitionTypes(architecture: ArchitectureName) {
  return {
    bios: '21686148-6449-6E6F-744E-656564454649',
    esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
    root: ARCHITECTURES[architecture].rootType,
  } as const;
}

const BIOS_MIB = 1;
/** Kernel and initrd as one EFI program, with room for a second; FAT32 needs at least 33 MiB. */
const ESP_MIB = 96;

/**
 * @param sizeGb whole GiB, as GCE demands
 * @param seed the same seed gives the same identifiers, hence the same bytes
 */
export function diskLayout(
  sizeGb: number,
  seed: string,
  kernelArguments: readonly string[] = [],
  architecture: ArchitectureName = USUAL,
): DiskLayout {
  if (!Number.isInteger(sizeGb) || sizeGb < 1) {
    throw new FleetError({
      kind: 'stop',
      code: 'disk-size',
      message: `a disk of ${sizeGb} GiB: GCE takes whole GiB only`,
    });
  }
  const total = (sizeGb * 1024 * MIB) / SECTOR;
  const bios = { start: MIB_SECTORS, sectors: BIOS_MIB * MIB_SECTORS };
  const esp = { start: bios.start + bios.sectors, sectors: ESP_MIB * MIB_SECTORS };
  const start = esp.start + esp.sectors;
  // The last MiB holds GPT's second copy.
  return {
    architecture,
    bytes: sizeGb * 1024 * MIB,
    bios,
    esp,
    root: { start, sectors: total - start - MIB_SECTORS },
    ids: ids(seed),
    kernelArguments,
  };
}

function ids(seed: string): DiskIds {
  return {
    disk: uuidFrom(seed, 'disk'),
    bios: uuidFrom(seed, 'bios'),
    esp: uuidFrom(seed, 'esp'),
    root: uuidFrom(seed, 'root'),
    rootFs: uuidFrom(seed, 'root-fs'),
    fatSerial: uuidFrom(seed, 'fat').slice(0, 8),
  };
}

/** The partition table in the language of sfdisk(8). */
export function sfdiskScript({ bios, esp, root, ids: id, architecture }: DiskLayout): string {
  const types = partitionTypes(architecture);
  const line = (extent: Extent, type: string, uuid: string, name: string) =>
    `start=${extent.start}, size=${extent.sectors}, type=${type}, uuid=${uuid}, name=${name}`;
  return [
    'label: gpt',
    `label-id: ${id.disk}`,
    'unit: sectors',
    `sector-size: ${SECTOR}`,
    '',
    line(bios, types.bios, id.bios, 'bios'),
    line(esp, types.esp, id.esp, 'esp'),
    line(root, types.root, id.root, 'root'),
    '',
  ].join('\n');
}

/**
 * What the kernel is told at boot. `rw` and no /etc/fstab: a second mount of root has nothing to add.
 * Console: GCE's serial port (facts: 38400n8d is what Google's own images use).
 */
export function kernelCommandLine(layout: DiskLayout): string {
  const root = `root=PARTUUID=${layout.ids.root} rw rootflags=errors=remount-ro`;
  const { consoles } = ARCHITECTURES[layout.architecture];
  const always = ['console=ttyS0,38400n8d', 'panic=10', 'net.ifnames=0'];
  return [root, ...always, ...layout.kernelArguments, ...consoles].join(' ');
}
