/** What differs between the processors that an image can be for. Data only. */

/** As Debian and Ubuntu name them. */
export type ArchitectureName = 'amd64' | 'arm64';

export type Architecture = {
  /** As GCE names it. */
  readonly gce: 'X86_64' | 'ARM64';
  /** As EFI programs are named for it (systemd-boot(7)). */
  readonly efi: 'x64' | 'aa64';
  /** Name under which firmware looks for a loader on a disk that it was told nothing about (UEFI 2.10, 3.5.1.1). */
  readonly firmwareLoader: string;
  /** GPT type of the root partition (Discoverable Partitions Specification). */
  readonly rootType: string;
  /**
   * Consoles besides ttyS0, which GCE shows of amd64. Which of the two GCE's ARM machines call their first serial port is documented
   * nowhere that could be read here: the kernel leaves out the one that is not there.
   */
  readonly consoles: readonly string[];
  /** Serial console that the kernel must have built in. */
  readonly consoleOption: string;
  /** Whether its machines may have a BIOS instead of UEFI. */
  readonly hasBios: boolean;
};

export const ARCHITECTURES: Readonly<Record<ArchitectureName, Architecture>> = {
  amd64: {
    gce: 'X86_64',
    efi: 'x64',
    firmwareLoader: 'BOOTX64.EFI',
    rootType: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
    consoles: [],
    consoleOption: 'CONFIG_SERIAL_8250_CONSOLE',
    hasBios: true,
  },
  arm64: {
    gce: 'ARM64',
    efi: 'aa64',
    firmwareLoader: 'BOOTAA64.EFI',
    rootType: 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE',
    consoles: ['console=ttyAMA0,38400n8'],
    consoleOption: 'CONFIG_SERIAL_AMBA_PL011_CONSOLE',
    hasBios: false,
  },
};

/** What an image is for unless its fleet file says otherwise; all that is compiled is for it. */
export const USUAL = 'amd64' satisfies ArchitectureName;
