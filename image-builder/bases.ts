/** The operating systems that an image can be built on, and what goes into it. Data only. */
import { ARCHITECTURES, type ArchitectureName, USUAL } from './architecture.ts';

export type BaseName = 'debian-12' | 'debian-13' | 'ubuntu-22.04' | 'ubuntu-24.04';

export type Distribution = 'debian' | 'ubuntu';

export type Base = {
  readonly name: BaseName;
  readonly distribution: Distribution;
  /** The distribution's name of the release. */
  readonly codename: string;
  /** Whether the distribution itself has RTPEngine; else it is compiled, or its packages are given. */
  readonly hasRtpengine: boolean;
};

/** How far each is proven is in README.md. */
export const BASES: Readonly<Record<BaseName, Base>> = {
  'debian-12': base('debian-12', 'debian', 'bookworm'),
  'debian-13': base('debian-13', 'debian', 'trixie'),
  'ubuntu-22.04': { ...base('ubuntu-22.04', 'ubuntu', 'jammy'), hasRtpengine: false },
  'ubuntu-24.04': base('ubuntu-24.04', 'ubuntu', 'noble'),
};

function base(name: BaseName, distribution: Distribution, codename: string): Base {
  return { name, distribution, codename, hasRtpengine: true };
}

export const BASE_NAMES: readonly BaseName[] = Object.values(BASES).map(({ name }) => name);

/** Where a distribution keeps packages: RTPEngine's are in Ubuntu's universe. */
export const COMPONENTS: Readonly<Record<Distribution, readonly string[]>> = {
  debian: ['main'],
  ubuntu: ['main', 'universe'],
};

/** Release of the tools tree: the first whose mke2fs fills a file system from a tar archive (e2fsprogs 1.47.1). */
export const TOOLS_CODENAME = 'trixie';

/** Time that every file of an image is not newer than (2025-01-01 UTC): the clock must not get into the bytes. */
export const EPOCH = 1_735_689_600;

/** Kernels with gVNIC, virtio, NVMe and nothing for real hardware; Ubuntu's has the same name everywhere. */
const KERNEL: Readonly<Record<Distribution, (architecture: ArchitectureName) => string>> = {
  debian: (architecture) => `linux-image-cloud-${architecture}`,
  ubuntu: () => 'linux-image-gcp',
};

/** Packages of an image, on top of the essential ones and apt; each with its reason. */
const COMMON_PACKAGES: readonly string[] = [
  'initramfs-tools',
  'zstd', // Compression of the initrd
  'systemd-sysv',
  'systemd-resolved',
  'systemd-timesyncd', // Time from GCE's metadata server
  'udev',
  'dbus', // systemctl and timedatectl of a user who is not root
  'libpam-systemd', // Login sessions that systemd knows
  'google-guest-agent', // SSH keys and startup scripts from metadata
  'openssh-server',
  'cloud-guest-utils', // growpart: the root partition grows with the disk
  'e2fsprogs', // resize2fs
  'iproute2',
  'nftables',
  'ca-certificates',
  'curl', // Metadata server and RTPEngine over HTTP
  'procps', // sysctl
  'rsyslog', // Log files of RTPEngine, one for each facility
  'logrotate',
  'kmod',
  'rtpengine-daemon',
];

/** Ubuntu 22.04 has resolved in its package systemd. */
const NOT_THERE: Partial<Readonly<Record<BaseName, readonly string[]>>> = {
  'ubuntu-22.04': ['systemd-resolved'],
};

/** Packages that an image of this base asks for. */
export function packagesOf(name: BaseName, architecture: ArchitectureName = USUAL): readonly string[] {
  const without = NOT_THERE[name] ?? [];
  const kernel = KERNEL[BASES[name].distribution](architecture);
  return [kernel, ...COMMON_PACKAGES.filter((item) => !without.includes(item))];
}

/** Those of an image on Debian. */
export const IMAGE_PACKAGES: readonly string[] = packagesOf('debian-13');

/** Programs that make a disk out of a tree; the host's own may be too old or absent. */
export const TOOLS_PACKAGES: readonly string[] = [
  'e2fsprogs',
  'libarchive13t64', // mke2fs loads it to read tar archives
  'libarchive-tools', // bsdtar
  'tar',
  'systemd-ukify',
  'systemd-boot-efi',
  'mtools',
  'dosfstools',
  'fdisk',
  'grub-common',
  'grub-pc-bin',
  'pigz',
  'sbsigntool', // What firmware starts, signed for Secure Boot
  'faketime', // The clock that sbsign sees: a signature holds the time
];

/** The same for an architecture: all trees of an image are of it, and without a BIOS nothing needs GRUB. */
export function toolsFor(architecture: ArchitectureName): readonly string[] {
  if (ARCHITECTURES[architecture].hasBios) return TOOLS_PACKAGES;
  return TOOLS_PACKAGES.filter((name) => !name.startsWith('grub-'));
}
