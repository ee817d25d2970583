import { describe, expect, test } from 'vitest';
import { developmentPackages, hygieneProblems, parseListing } from '../../image-builder/hygiene.ts';

const CLEAN = [
  '/usr/bin/rtpengine',
  '/usr/sbin/rtpfleet-config',
  '/usr/lib/rtpfleet/rtpengine.conf.in',
  '/etc/machine-id',
];
const tree = (...paths: readonly string[]) =>
  [...CLEAN, ...paths].map((path) => ({ path, bytes: path === '/etc/machine-id' ? 0 : 9 }));

describe('hygiene of an image', () => {
  test('a clean one passes', () => {
    expect(hygieneProblems(tree('/etc/fstab', '/var/log/journal', '/usr/share/doc/x/copyright'))).toEqual([]);
  });

  test.each([
    '/etc/ssh/ssh_host_rsa_key',
    '/etc/hostname',
    '/var/lib/dbus/machine-id',
    '/var/lib/systemd/random-seed',
    '/var/lib/apt/lists/mirror_dists_trixie_InRelease',
    '/var/cache/apt/archives/bash_5_amd64.deb',
    '/var/log/dpkg.log',
    '/core',
    '/root/.ssh/authorized_keys',
    '/home/x/.bash_history',
  ])('%s does not', (path) => {
    expect(hygieneProblems(tree(path))).toEqual([expect.stringContaining(path)]);
  });

  test('a machine id that is not empty does not, and neither does one that is missing', () => {
    const filled = CLEAN.map((path) => ({ path, bytes: 9 }));
    expect(hygieneProblems(filled)).toEqual(['/etc/machine-id: the identity of a machine']);
    expect(hygieneProblems(tree().filter(({ path }) => path !== '/etc/machine-id'))).toEqual([
      '/etc/machine-id: is missing',
    ]);
  });

  test('reads what tar lists: files, links, names with blanks; no folders', () => {
    const text = [
      'drwxr-xr-x 0/0               0 2025-01-01 00:00 ./etc/',
      '-rw-r--r-- 0/0              13 2025-01-01 00:00 ./etc/a b',
      'lrwxrwxrwx 0/0               0 2025-01-01 00:00 ./etc/mtab -> ../proc/self/mounts',
      'hrw-r--r-- 0/0               0 2025-01-01 00:00 ./usr/x link to ./usr/y',
    ].join('\n');
    expect(parseListing(text)).toEqual([
      { path: '/etc/a b', bytes: 13 },
      { path: '/etc/mtab', bytes: 0 },
      { path: '/usr/x', bytes: 0 },
    ]);
  });
});

test.each([
  'gcc',
  'gcc-14',
  'gcc-14-x86-64-linux-gnu',
  'cpp-12',
  'g++',
  'make',
  'git',
  'dkms',
  'linux-headers-6.12.117+deb13-cloud-amd64',
  'linux-kbuild-6.12.117+deb13',
  'libc6-dev',
])('package %s is not for an image', (name) => {
  expect(developmentPackages(['gcc-14-base', 'libgcc-s1', 'makedev', 'udev', 'systemd-dev', name])).toEqual([
    name,
  ]);
});
