/** The command that a machine is: overlay on its image, then systemd-nspawn, in a mount namespace of its own. Pure. */
import type { LabNames } from '../names.ts';
import type { MachineSpec } from '../ports.ts';
import type { MachinePaths } from './record.ts';

export type MachineCommand = {
  readonly spec: MachineSpec;
  readonly names: LabNames;
  readonly namespace: string;
  readonly paths: MachinePaths;
  /** Root file system of the image. */
  readonly lower: string;
  /** `cgroup.procs` files to enter. */
  readonly groups: readonly string[];
  /** Mounts of the host that must not live on in this machine's namespace. */
  readonly unwanted: readonly string[];
};

/** Name of the container, as systemd-nspawn wants one. */
function containerName(names: LabNames, id: string): string {
  return `${names.id}-${id}`;
}

/**
 * `$1` cgroup files, `$2` overlay options, `$3` mount point, `$4` mounts to drop (lists by newline); the rest is the program.
 * systemd-nspawn 252 leaves the host's mounts hidden under the machine's root: without the umount an image that is removed, also
 * one of another lab, would keep its loop device for as long as this machine lives. Its lock and tunnel files in /run, which it
 * leaves when it is killed, get a place that goes with it.
 */
const SCRIPT = `set -e
IFS='
'
for file in $1; do echo $$ > "$file"; done
mkdir -p /run/systemd/nspawn
mount -t tmpfs -o mode=0755,size=1m tmpfs /run/systemd/nspawn
mount -t overlay overlay -o "$2" "$3"
for point in $4; do umount -l "$point" 2>/dev/null || true; done
shift 4
exec "$@"`;

/** Programs and arguments, first the program; standard output and error are the serial port. */
export function machineCommand(command: MachineCommand): readonly string[] {
  const { paths, lower } = command;
  const overlay = `lowerdir=${lower},upperdir=${paths.upper},workdir=${paths.work},volatile`;
  const script = [
    SCRIPT,
    'sh',
    command.groups.join('\n'),
    overlay,
    paths.merged,
    command.unwanted.join('\n'),
  ];
  return [
    'unshare',
    ...['--mount', '--propagation', 'slave', '--'],
    ...['sh', '-c', ...script],
    ...nspawn(command),
  ];
}

/**
 * CAP_NET_ADMIN and a writable /proc/sys/net are what a machine with its own network namespace may have; nspawn grants
 * them by itself only with --private-network, which excludes a namespace made before.
 */
function nspawn({ spec, names, namespace, paths }: MachineCommand): readonly string[] {
  return [
    'systemd-nspawn',
    '--quiet',
    '--register=no',
    '--keep-unit',
    '--settings=no',
    '--boot',
    `--directory=${paths.merged}`,
    `--machine=${containerName(names, spec.id)}`,
    `--hostname=${spec.name}`,
    `--uuid=${machineUuid(spec.id)}`,
    `--network-namespace-path=/run/netns/${namespace}`,
    '--capability=CAP_NET_ADMIN',
    '--console=read-only',
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
  ];
}

/** What systemd in the machine is told by its environment; see docs/ENVIRONMENT.md of systemd. */
export const NSPAWN_ENVIRONMENT = {
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
  SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
  LC_ALL: 'C',
} as const;

/** The machine id of an image without one: derived from the instance id, as a GCE VM's comes from its firmware. */
export function machineUuid(id: string): string {
  const hex = BigInt(id).toString(16).padStart(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
