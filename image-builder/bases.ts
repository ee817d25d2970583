/** The operating systems that an image can be built on, and what goes into it. Data only. */

export type BaseName = 'debian-12' | 'debian-13';

export type Base = {
  readonly name: BaseName;
  /** Debian's name of the release. */
  readonly codename: string;
};

export const BASES: Readonly<Record<BaseName, Base>> = {
  'debian-12': { name: 'debian-12', codename: 'bookworm' },
  'debian-13': { name: 'debian-13', codename: 'trixie' },
};

/** Release of the tools tree: the first whose mke2fs fills a file system from a tar archive (e2fsprogs 1.47.1). */
export const TOOLS_CODENAME = 'trixie';

/** Time that every file of an image is not newer than (2025-01-01 UTC): the clock must not get into the bytes. */
export const EPOCH = 1_735_689_600;

/** GCE's machine types with this architecture; the other one it has is ARM64. */
export const ARCHITECTURE = { debian: 'amd64', gce: 'X86_64' } as const;

/** Packages of an image, on top of Debian's essential ones and apt; each with its reason. */
export const IMAGE_PACKAGES: readonly string[] = [
  'linux-image-cloud-amd64', // Kernel with gVNIC, virtio, NVMe and nothing for real hardware
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
];
