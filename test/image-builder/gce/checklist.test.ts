import { describe, expect, test } from 'vitest';
import { type Evidence, GCE_CHECKLIST, gceProblems } from '../../../image-builder/gce/checklist.ts';
import { guestOsFeatures } from '../../../image-builder/gce/features.ts';

const HEADER = Buffer.alloc(512);
HEADER.write('disk.raw', 0, 'latin1');
HEADER.write('S', 156, 'latin1');
HEADER.write('ustar  \0', 257, 'latin1');
HEADER.write((1024 ** 3).toString(8).padStart(11, '0'), 483, 'latin1');

const FILES = [
  '/usr/bin/growpart',
  '/usr/sbin/resize2fs',
  '/usr/sbin/rtpfleet-growroot',
  ...['systemd-networkd', 'rtpfleet-growroot', 'google-guest-agent'].map(
    (unit) => `/etc/systemd/system/multi-user.target.wants/${unit}.service`,
  ),
  '/usr/lib/systemd/system/sysinit.target.wants/systemd-timesyncd.service',
];

const TEXTS = {
  '/etc/systemd/network/10-x.network': '[Network]\nDHCP=ipv4\n[DHCPv4]\nUseMTU=yes\n',
  '/etc/systemd/timesyncd.conf.d/x.conf': '[Time]\nNTP=metadata.google.internal\n',
  '/etc/ssh/sshd_config.d/x.conf': 'PermitRootLogin no\nPasswordAuthentication no\n',
  '/etc/systemd/system/ssh.service.d/x.conf': '[Service]\nExecStartPre=/usr/bin/ssh-keygen -A\n',
};

const OPTIONS = ['EFI_STUB', 'SCSI_VIRTIO', 'GVE', 'IDPF', 'AMD_MEM_ENCRYPT', 'SEV_GUEST', 'KVM_GUEST'];

const GOOD: Evidence = {
  header: HEADER,
  members: ['disk.raw'],
  features: guestOsFeatures('debian-13', 'X86_64'),
  architecture: 'amd64',
  uefiCommandLine: 'root=x console=ttyS0,38400n8d net.ifnames=0',
  biosScript: 'linux /x console=ttyS0 net.ifnames=0',
  files: new Map([...FILES.map((path) => [path, 9] as const), ['/etc/machine-id', 0]]),
  texts: new Map(Object.entries(TEXTS)),
  kernel: new Map(
    [...OPTIONS, 'PTP_1588_CLOCK_KVM', 'SERIAL_8250_CONSOLE'].map((name) => [`CONFIG_${name}`, 'y']),
  ),
  builtIn: new Set(['virtio_pci', 'nvme', 'ext4']),
  initrd: new Set(['virtio_scsi', 'sd_mod']),
  modules: new Set(['virtio_net', 'gve']),
};

const without = (path: string) => new Map([...GOOD.files].filter(([name]) => !name.includes(path)));
const texts = (path: keyof typeof TEXTS, text: string) => new Map(Object.entries({ ...TEXTS, [path]: text }));

describe("GCE's checklist", () => {
  test('an image that meets it has no problem', () => {
    expect(gceProblems(GOOD)).toEqual([]);
  });

  test.each<[string, Partial<Evidence>, RegExp]>([
    ['an archive of another form', { header: Buffer.alloc(512) }, /oldgnu/],
    ['a second member', { members: ['disk.raw', 'x'] }, /has 2 members/],
    ['a feature that the kernel lacks', { kernel: new Map() }, /GVNIC needs CONFIG_GVE/],
    ['no gVNIC', { features: ['UEFI_COMPATIBLE'] }, /GVNIC is missing/],
    ['no driver of the disk in the initrd', { initrd: new Set(['sd_mod']) }, /virtio_scsi is missing/],
    ['no driver of the network card', { modules: new Set(['virtio_net']) }, /gve is missing/],
    ['no console under UEFI', { uefiCommandLine: 'net.ifnames=0' }, /UEFI: no console/],
    ['no console under BIOS', { biosScript: 'net.ifnames=0' }, /BIOS: no console/],
    [
      'a console that comes late',
      { kernel: new Map([...GOOD.kernel, ['CONFIG_SERIAL_8250_CONSOLE', 'm']]) },
      /8250/,
    ],
    ['names by slot', { uefiCommandLine: 'console=ttyS0' }, /net\.ifnames/],
    [
      'an MTU of its own',
      { texts: texts('/etc/systemd/network/10-x.network', 'DHCP=ipv4\n') },
      /MTU of DHCP/,
    ],
    ['a network that nobody starts', { files: without('networkd') }, /systemd-networkd.*not enabled/],
    [
      'another time source',
      { texts: texts('/etc/systemd/timesyncd.conf.d/x.conf', 'NTP=pool.example\n') },
      /time source/,
    ],
    ['no growth', { files: without('wants/rtpfleet-growroot') }, /growroot\.service is not enabled/],
    ['host keys', { files: new Map([...GOOD.files, ['/etc/ssh/ssh_host_rsa_key', 9]]) }, /ssh_host_rsa_key/],
    [
      'nobody who makes host keys',
      { texts: texts('/etc/systemd/system/ssh.service.d/x.conf', '') },
      /host keys/,
    ],
    ['a machine id', { files: new Map([...GOOD.files, ['/etc/machine-id', 33]]) }, /machine-id is not empty/],
    ['no guest agent', { files: without('guest-agent') }, /google-guest-agent/],
    ['cloud-init', { files: new Map([...GOOD.files, ['/usr/bin/cloud-init', 9]]) }, /cloud-init/],
    [
      'logins as root',
      { texts: texts('/etc/ssh/sshd_config.d/x.conf', 'PasswordAuthentication no\n') },
      /root may/,
    ],
  ])('an image with %s does not', (_, change, problem) => {
    expect(gceProblems({ ...GOOD, ...change })).toContainEqual(expect.stringMatching(problem));
  });

  test('every condition is a sentence of its own, with its source', () => {
    expect(new Set(GCE_CHECKLIST.map(({ says }) => says)).size).toBe(GCE_CHECKLIST.length);
    for (const { says, source } of GCE_CHECKLIST) {
      expect(says).toMatch(/^[A-Z].*[^.]$/);
      expect(source).not.toBe('');
    }
  });

  test('an image for arm64 has no BIOS, another console, and no option that makes it a guest', () => {
    const options = ['EFI_STUB', 'SCSI_VIRTIO', 'GVE', 'PTP_1588_CLOCK_KVM', 'SERIAL_AMBA_PL011_CONSOLE'];
    const arm: Evidence = {
      ...GOOD,
      architecture: 'arm64',
      features: guestOsFeatures('debian-13', 'ARM64'),
      biosScript: undefined,
      kernel: new Map(options.map((name) => [`CONFIG_${name}`, 'y'])),
    };
    expect(gceProblems(arm)).toEqual([]);
    expect(gceProblems({ ...arm, architecture: 'amd64' }).join(' ')).toMatch(/KVM_GUEST.*8250/);
    expect(gceProblems({ ...arm, uefiCommandLine: 'console=ttyS0' })).toHaveLength(1);
  });

  test('an ARM64 image promises no encrypted memory', () => {
    expect(guestOsFeatures('debian-13', 'ARM64').join(' ')).not.toMatch(/SEV|IDPF/);
  });
});
