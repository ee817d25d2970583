/** What differs between the processors that an image can be for. Data only. */
import { type BaseName, packagesOf, TOOLS_PACKAGES } from './bases.ts';

/** As Debian and Ubuntu name them. */
export type ArchitectureName = 'amd64' | 'arm64';

export type Architecture = {
  /** As GCE names it. */
  readonly gce: 'X86_64' | 'ARM64';
  /** Name under which firmware looks for a loader on a disk that it was told nothing about (UEFI 2.10, 3.5.1.1). */
  readonly firmwareLoader: string;
  /** GPT type of the root partition (Discoverable Partitions Specification). */
  readonly rootType: string;
  /** Serial console that the kernel must have built in. */
  readonly consoleOption: string;
};

/** GCE's ARM machines have no BIOS, and images for them no code for one. */
export const ARCHITECTURES: Readonly<Record<ArchitectureName, Architecture>> = {
  amd64: {
    gce: 'X86_64',
    firmwareLoader: 'BOOTX64.EFI',
    rootType: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
    consoleOption: 'CONFIG_SERIAL_8250_CONSOLE',
  },
  arm64: {
    gce: 'ARM64',
    firmwareLoader: 'BOOTAA64.EFI',
    rootType: 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE',
    consoleOption: 'CONFIG_SERIAL_AMBA_PL011_CONSOLE',
  },
};

/** Packages that an image asks for; the kernel of Debian's cloud images has the architecture in its name, Ubuntu's has not. */
export function packagesFor(base: BaseName, architecture: ArchitectureName = 'amd64'): readonly string[] {
  if (architecture === 'amd64') return packagesOf(base);
  const kernel = 'linux-image-cloud-';
  return packagesOf(base).map((name) => (name.startsWith(kernel) ? kernel + architecture : name));
}

/** Programs that make a disk: all trees of an image are of its architecture, and without a BIOS nothing needs GRUB. */
export function toolsFor(architecture: ArchitectureName): readonly string[] {
  if (architecture === 'amd64') return TOOLS_PACKAGES;
  return TOOLS_PACKAGES.filter((name) => !name.startsWith('grub-'));
}
