/** GCE's conditions for a custom image, each as a sentence with its proof on a finished image. Pure. */
import { ARCHITECTURES, type ArchitectureName } from '../architecture.ts';
import { archiveProblems } from './archive-form.ts';
import type { GuestOsFeature } from './features.ts';

/** What is known of a finished image. Paths are absolute. */
export type Evidence = {
  /** First block of the unpacked tar archive, and the names of all its members. */
  readonly header: Buffer;
  readonly members: readonly string[];
  readonly features: readonly GuestOsFeature[];
  readonly architecture: ArchitectureName;
  /** Command line in the unified kernel image, and GRUB's script for BIOS, which arm64 has not. */
  readonly uefiCommandLine: string;
  readonly biosScript: string | undefined;
  /** File → its size in bytes. */
  readonly files: ReadonlyMap<string, number>;
  /** Content of small files. */
  readonly texts: ReadonlyMap<string, string>;
  /** `CONFIG_…` → `y` or `m`. */
  readonly kernel: ReadonlyMap<string, string>;
  /** Names of modules with underscores: in the kernel, in the initrd, on the disk. */
  readonly builtIn: ReadonlySet<string>;
  readonly initrd: ReadonlySet<string>;
  readonly modules: ReadonlySet<string>;
};

export type Item = {
  /** The condition, as a sentence. */
  readonly says: string;
  readonly source: string;
  /** What is wrong; empty: it is met. */
  readonly problems: (evidence: Evidence) => readonly string[];
};

const IMPORT = 'GCE: "Import disk images", "Requirements for building a custom image"';
const OWN_IMAGE = "Google's own Debian images (compute-image-tools, guest-configs)";

/** What a feature promises, as kernel options or modules. */
const PROMISES: Readonly<Record<GuestOsFeature, readonly string[]>> = {
  UEFI_COMPATIBLE: ['EFI_STUB'],
  VIRTIO_SCSI_MULTIQUEUE: ['SCSI_VIRTIO'],
  GVNIC: ['GVE'],
  IDPF: ['IDPF'],
  SEV_CAPABLE: ['AMD_MEM_ENCRYPT'],
  SEV_SNP_CAPABLE: ['AMD_MEM_ENCRYPT', 'SEV_GUEST'],
  SEV_LIVE_MIGRATABLE_V2: ['AMD_MEM_ENCRYPT', 'KVM_GUEST'],
};

export const GCE_CHECKLIST: readonly Item[] = [
  {
    says: 'The archive is a gzip of an oldgnu tar with a sparse disk.raw of whole GiB',
    source: IMPORT,
    problems: ({ header }) => archiveProblems(header),
  },
  {
    says: 'The archive has no other member than disk.raw',
    source: IMPORT,
    problems: ({ members }) =>
      members.length === 1 ? [] : [`it has ${members.length} members: ${members.slice(0, 3).join(', ')}`],
  },
  {
    says: 'The kernel keeps what every guest OS feature of the image promises',
    source: 'GCE: "Guest operating system features"',
    problems: ({ features, kernel }) =>
      features.flatMap((feature) =>
        PROMISES[feature]
          .filter((option) => !kernel.has(`CONFIG_${option}`))
          .map((option) => `${feature} needs CONFIG_${option}`),
      ),
  },
  {
    says: 'It starts on machines that have only UEFI and gVNIC, as those of the third generation do',
    source: IMPORT,
    problems: ({ features }) => missing(['UEFI_COMPATIBLE', 'GVNIC'], new Set<string>(features)),
  },
  {
    says: 'The kernel knows that it is a KVM guest and has its clock',
    source: IMPORT,
    // On arm64 being a guest is no option of its own.
    problems: ({ kernel, architecture }) =>
      missing(
        [...(architecture === 'amd64' ? ['CONFIG_KVM_GUEST'] : []), 'CONFIG_PTP_1588_CLOCK_KVM'],
        kernel,
      ),
  },
  {
    says: 'The kernel reaches its root disk without the disk: virtio-scsi and NVMe are built in or in the initrd',
    source: IMPORT,
    problems: ({ builtIn, initrd }) =>
      missing(['virtio_pci', 'virtio_scsi', 'sd_mod', 'nvme', 'ext4'], new Set([...builtIn, ...initrd])),
  },
  {
    says: 'The network card is driven, whether virtio-net or gVNIC',
    source: IMPORT,
    problems: ({ builtIn, modules }) => missing(['virtio_net', 'gve'], new Set([...builtIn, ...modules])),
  },
  {
    says: 'The first serial port is the console under UEFI and under BIOS, and the kernel drives it from the start',
    source: OWN_IMAGE,
    problems: ({ uefiCommandLine, biosScript, kernel, architecture: name }) => [
      ...(uefiCommandLine.includes('console=ttyS0') ? [] : ['UEFI: no console=ttyS0']),
      ...((biosScript ?? uefiCommandLine).includes('console=ttyS0') ? [] : ['BIOS: no console=ttyS0']),
      ...(kernel.get(ARCHITECTURES[name].consoleOption) === 'y'
        ? []
        : [`${ARCHITECTURES[name].consoleOption} is not built in`]),
    ],
  },
  {
    says: 'Network cards keep the name eth0 whatever slot they are in',
    source: OWN_IMAGE,
    problems: ({ uefiCommandLine, biosScript }) =>
      [uefiCommandLine, biosScript ?? uefiCommandLine].every((text) => text.includes('net.ifnames=0'))
        ? []
        : ['net.ifnames=0 is missing'],
  },
  {
    says: 'Address and MTU come from DHCP (the default network has 1460, not 1500)',
    source: 'GCE: "Maximum transmission unit"; cloud-image-tests, TestDefaultMTU',
    problems: ({ texts, files }) => [
      ...demand(texts, '/etc/systemd/network/', /^DHCP=(?:ipv4|yes)$/m, 'DHCP is not asked'),
      ...demand(texts, '/etc/systemd/network/', /^UseMTU=yes$/m, 'the MTU of DHCP is not used'),
      ...enabled(files, 'systemd-networkd.service'),
    ],
  },
  {
    says: "The time comes from the metadata server, GCE's own source",
    source: 'GCE: "Configure NTP on a VM"; cloud-image-tests, TestNTP',
    problems: ({ texts, files }) => [
      ...demand(
        texts,
        '/etc/systemd/timesyncd.conf.d/',
        /^NTP=metadata\.google\.internal$/m,
        'another time source',
      ),
      ...enabled(files, 'systemd-timesyncd.service'),
    ],
  },
  {
    says: 'The root file system grows to the disk that a machine is given',
    source: OWN_IMAGE,
    problems: ({ files }) => [
      ...missing(['/usr/bin/growpart', '/usr/sbin/resize2fs', '/usr/sbin/rtpfleet-growroot'], files),
      ...enabled(files, 'rtpfleet-growroot.service'),
    ],
  },
  {
    says: 'There are no host keys of sshd: every machine makes its own before sshd starts',
    source: 'FAI class GCE_CLEAN',
    problems: ({ files, texts }) => [
      ...[...files.keys()].filter((path) => path.startsWith('/etc/ssh/ssh_host_')),
      ...demand(texts, '/etc/systemd/system/ssh.service.d/', /ssh-keygen -A$/m, 'no machine makes host keys'),
    ],
  },
  {
    says: 'The machine id is empty',
    source: 'FAI class GCE_CLEAN',
    problems: ({ files }) => (files.get('/etc/machine-id') === 0 ? [] : ['/etc/machine-id is not empty']),
  },
  {
    says: "Google's guest agent starts by itself, and no cloud-init competes with it",
    source: 'GCE: "Guest environment"; guest-agent#158',
    problems: ({ files }) => [
      ...enabled(files, 'google-guest-agent.service'),
      ...[...files.keys()].filter((path) => path === '/usr/bin/cloud-init'),
    ],
  },
  {
    says: 'Nobody logs in as root or by a password',
    source: 'GCE: "Security best practices for images"',
    problems: ({ texts }) => [
      ...demand(texts, '/etc/ssh/sshd_config.d/', /^PermitRootLogin no$/m, 'root may log in'),
      ...demand(texts, '/etc/ssh/sshd_config.d/', /^PasswordAuthentication no$/m, 'passwords are taken'),
    ],
  },
];

/** Everything in which an image does not meet the list: `condition: what is wrong`. */
export function gceProblems(evidence: Evidence): readonly string[] {
  return GCE_CHECKLIST.flatMap(({ says, problems }) =>
    problems(evidence).map((problem) => `${says}: ${problem}`),
  );
}

function missing(
  wanted: readonly string[],
  there: { readonly has: (name: string) => boolean },
): readonly string[] {
  return wanted.filter((name) => !there.has(name)).map((name) => `${name} is missing`);
}

/** Some file of the folder has to say it. */
function demand(
  texts: ReadonlyMap<string, string>,
  folder: string,
  wanted: RegExp,
  otherwise: string,
): readonly string[] {
  const said = [...texts].some(([path, text]) => path.startsWith(folder) && wanted.test(text));
  return said ? [] : [`${otherwise} (${folder})`];
}

/** A link in `….wants/` of some target is what `systemctl enable` makes. */
function enabled(files: ReadonlyMap<string, number>, unit: string): readonly string[] {
  const link = new RegExp(`^/(?:etc|usr/lib)/systemd/system/[^/]+\\.wants/${unit.replaceAll('.', '\\.')}$`);
  return [...files.keys()].some((path) => link.test(path)) ? [] : [`${unit} is not enabled`];
}
