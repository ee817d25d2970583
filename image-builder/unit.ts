/** RTPEngine's own unit: what it may do, and no more. Pure. */
import type { Fleet } from '../configs/fleet.ts';
import { LIMITS } from './tuning/wanted.ts';

export type Powers = {
  /** Media forwarded by the kernel: nftables rules by netlink, and /proc/rtpengine. */
  readonly kernelForwarding: boolean;
  /** Real-time or nice scheduling for threads of RTPEngine. */
  readonly scheduling: boolean;
};

/** Where RTPEngine may write besides its own folder in /run. */
export const RECORDINGS = '/var/spool/rtpengine';

const ALWAYS = [
  'NoNewPrivileges=yes',
  'LockPersonality=yes',
  'MemoryDenyWriteExecute=yes',
  'RestrictNamespaces=yes',
  'RestrictSUIDSGID=yes',
  'RemoveIPC=yes',
  'UMask=0027',
  'KeyringMode=private',
  'ProtectSystem=strict',
  'ProtectHome=yes',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProtectControlGroups=yes',
  'ProtectProc=invisible',
  'PrivateTmp=yes',
  'PrivateDevices=yes',
  'DevicePolicy=closed',
  'SystemCallArchitectures=native',
  // @privileged would be needed for nothing: the unit starts as RTPEngine's own user.
  'SystemCallFilter=@system-service',
  'SystemCallFilter=~@privileged @obsolete',
  'SystemCallErrorNumber=EPERM',
];

/**
 * Lines of [Service] that take away what RTPEngine does not need. `systemd-analyze security`: 1.6 in user space
 * (measured by systemd 252 for Debian 12 and 13).
 */
export function hardening({ kernelForwarding, scheduling }: Powers): readonly string[] {
  const capabilities = kernelForwarding ? 'CAP_NET_ADMIN' : '';
  const families = ['AF_INET', 'AF_INET6', 'AF_UNIX', 'AF_NETLINK'];
  return [
    ...ALWAYS,
    `CapabilityBoundingSet=${capabilities}`,
    `AmbientCapabilities=${capabilities}`,
    `RestrictAddressFamilies=${families.join(' ')}`,
    `RestrictRealtime=${scheduling ? 'no' : 'yes'}`,
    // The kernel module's own files are no process.
    `ProcSubset=${kernelForwarding ? 'all' : 'pid'}`,
  ];
}

/** Scheduling is RTPEngine's own option; systemd only has to allow it. */
export function powersOf({ rtpengine }: Fleet): Powers {
  const { options, kernel } = rtpengine;
  const scheduling = ['scheduling', 'priority', 'idle-scheduling', 'idle-priority'].some(
    (name) => name in options,
  );
  return { kernelForwarding: kernel !== 'off', scheduling };
}

/** Limits and CPUs. */
export function resources({ tuning }: Fleet): readonly string[] {
  const cpus = tuning.rtpengineCpus === undefined ? [] : [`CPUAffinity=${tuning.rtpengineCpus}`];
  return [...LIMITS.map(({ unit }) => unit), ...cpus];
}

/** Folders outside of /run that RTPEngine writes to, in this fleet. */
export function writablePaths({ rtpengine }: Fleet): readonly string[] {
  const folder = rtpengine.options['recording-dir'];
  const own = typeof folder === 'string' && folder !== RECORDINGS ? [folder] : [];
  return [RECORDINGS, ...own];
}
