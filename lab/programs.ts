/** Programs of Debian that the lab runs, and the package that brings each. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  'systemd-nspawn': 'systemd-container',
  dnsmasq: 'dnsmasq-base',
  'redis-server': 'redis-server',
  ip: 'iproute2',
  sysctl: 'procps',
  mount: 'mount',
  umount: 'mount',
  losetup: 'mount',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  sfdisk: 'fdisk',
  tar: 'tar',
  gzip: 'gzip',
};
