/**
 * Every setting of the operating system that a media relay depends on: value, reason, source, and which kernels have it.
 * The sysctl file and the relay's own check (`rtpfleet-tuning`) are both made of this table. Pure.
 */
import type { Fleet } from '../../configs/fleet.ts';
import { hasFloatingAddresses } from '../../configs/floating.ts';
import { instancesOf } from '../../configs/instances.ts';
import { localPorts } from '../../configs/local-ports.ts';
import { asKernelWrites } from '../../configs/number-list.ts';

/**
 * `always`: every kernel of a base has it. `module`: only while the kernel has loaded what it belongs to. `gone`: modern
 * kernels do not have it; it is listed since guides ask for it, and never written.
 */
export type Presence = 'always' | 'module' | 'gone';

export type Parameter = {
  readonly name: string;
  /** As the kernel shows it, single spaces; for `gone`: what guides say. */
  readonly value: string | ((fleet: Fleet) => string);
  /** `>=`: more is as good, and nothing is written, since systemd sets more by itself. Default `=`. */
  readonly comparison?: '=' | '>=';
  /** `namespace`: a container has its own. `machine`: one for all, so a container shows its host's or none. */
  readonly scope: 'namespace' | 'machine';
  readonly presence: Presence;
  /** Only for fleets of which this is true; absent: for all. */
  readonly only?: (fleet: Fleet) => boolean;
  readonly reason: string;
  readonly source: string;
};

const GUIDE = 'deployment guides of RTPEngine platforms';
const NET_SYSCTL = 'Linux Documentation/admin-guide/sysctl/net.rst';
const IP_SYSCTL = 'Linux Documentation/networking/ip-sysctl.rst';

const always = (scope: Parameter['scope']) => ({ scope, presence: 'always' }) as const;

const SOCKETS: readonly Parameter[] = [
  {
    name: 'net.core.rmem_max',
    value: '134217728',
    ...always('machine'),
    reason: 'A program may ask for up to 128 MiB of receive buffer: room for bursts on the one socket of ng.',
    source: GUIDE,
  },
  {
    name: 'net.core.wmem_max',
    value: '134217728',
    ...always('machine'),
    reason: 'The same for sending.',
    source: GUIDE,
  },
  {
    name: 'net.core.rmem_default',
    value: '16777216',
    ...always('machine'),
    reason:
      'What a socket gets that asks for nothing, as those of RTP do: no packet is lost while a thread is late.',
    source: GUIDE,
  },
  {
    name: 'net.core.wmem_default',
    value: '16777216',
    ...always('machine'),
    reason: 'The same for sending.',
    source: GUIDE,
  },
  {
    name: 'net.ipv4.udp_mem',
    value: '8388608 12582912 16777216',
    ...always('machine'),
    reason:
      'All UDP sockets together, in pages of 4 KiB: 32, 48 and 64 GiB, that is, on a smaller machine its memory is the limit.',
    source: GUIDE,
  },
  {
    name: 'net.ipv4.tcp_rmem',
    value: '4096 131072 134217728',
    ...always('namespace'),
    reason:
      "TCP is only ng, CLI, HTTP and Redis: a list of thousands of calls fits. The middle is the kernel's own default; the 87380 of guides would be less.",
    source: GUIDE,
  },
  {
    name: 'net.ipv4.tcp_wmem',
    value: '4096 65536 134217728',
    ...always('namespace'),
    reason: 'The same for sending.',
    source: GUIDE,
  },
  {
    name: 'net.core.netdev_max_backlog',
    value: '5000',
    ...always('machine'),
    reason: 'Packets that wait for a CPU between network card and socket.',
    source: GUIDE,
  },
  {
    name: 'net.core.busy_poll',
    value: ({ tuning }) => String(tuning.busyPollMicroseconds),
    ...always('machine'),
    reason: 'Microseconds for which poll and epoll look at the network card before they sleep.',
    source: NET_SYSCTL,
  },
  {
    name: 'net.core.busy_read',
    value: ({ tuning }) => String(tuning.busyPollMicroseconds),
    ...always('machine'),
    reason: 'The same for reads.',
    source: NET_SYSCTL,
  },
];

const PORTS: readonly Parameter[] = [
  {
    name: 'net.ipv4.ip_local_port_range',
    value: ({ rtpengine }) => {
      const { min, max } = localPorts(rtpengine.ports);
      return `${min} ${max}`;
    },
    ...always('namespace'),
    reason:
      "The relay's own connections stay off the media ports. The 1024 to 65000 of guides lie across them, the kernel's 32768 to 60999 too.",
    source: IP_SYSCTL,
  },
  {
    name: 'net.ipv4.ip_local_reserved_ports',
    value: reservedPorts,
    ...always('namespace'),
    reason: 'Nor does a program that binds to any port get one of RTP, ng, CLI or HTTP.',
    source: IP_SYSCTL,
  },
];

const NETWORK: readonly Parameter[] = [
  {
    name: 'net.ipv4.ip_forward',
    value: '0',
    ...always('namespace'),
    reason: 'A relay answers for itself: it is no router.',
    source: IP_SYSCTL,
  },
  ...(['all', 'default'] as const).map(
    (where): Parameter => ({
      name: `net.ipv4.conf.${where}.rp_filter`,
      value: '2',
      ...always('namespace'),
      reason: 'Loose: with a second interface, RTP may come in by another way than the answer goes.',
      source: IP_SYSCTL,
    }),
  ),
  {
    name: 'net.ipv4.conf.all.log_martians',
    value: '0',
    ...always('namespace'),
    reason: 'Ports that are open to the internet would let anyone fill the log.',
    source: IP_SYSCTL,
  },
  {
    name: 'net.ipv4.ip_nonlocal_bind',
    value: '1',
    ...always('namespace'),
    only: hasFloatingAddresses,
    reason:
      'A relay is ready for the floating addresses of its whole zone: RTPEngine binds at its start to those that are not here yet.',
    source: `${IP_SYSCTL}; rtpfleet-config sets it too, by metadata`,
  },
  {
    name: 'net.netfilter.nf_conntrack_max',
    value: '262144',
    scope: 'machine',
    presence: 'module',
    reason:
      'The image loads no firewall, so no connection is tracked, which costs less than a rule that says so (notrack). Should somebody load one, 10,000 ports of RTP do not fill the table.',
    source: GUIDE,
  },
];

const SYSTEM: readonly Parameter[] = [
  {
    name: 'fs.file-max',
    value: '1000000',
    comparison: '>=',
    ...always('machine'),
    reason:
      'An audio call takes four files. systemd raises it to the highest number there is; writing this would lower it.',
    source: `${GUIDE}; systemd src/core/main.c, bump_file_max_and_nr_open`,
  },
  {
    name: 'kernel.panic',
    value: '10',
    ...always('machine'),
    reason: 'A machine that is stuck carries no call: start again after 10 s, autohealing does the rest.',
    source: 'Linux Documentation/admin-guide/sysctl/kernel.rst',
  },
  ...(
    [
      ['kernel.sched_latency_ns', 'gone since 5.13 (EEVDF has no such thing since 6.6)'],
      ['kernel.sched_min_granularity_ns', 'gone since 5.13, in debugfs until 6.6'],
      ['kernel.sched_wakeup_granularity_ns', 'gone since 5.13, in debugfs until 6.6'],
      ['kernel.sched_migration_cost_ns', 'gone since 5.13, in debugfs'],
    ] as const
  ).map(
    ([name, reason]): Parameter => ({
      name,
      value: '',
      scope: 'machine',
      presence: 'gone',
      reason,
      source: `${GUIDE}; Linux 8a99b6833c88, "sched: Move SCHED_DEBUG sysctl to debugfs"`,
    }),
  ),
];

/** The settings of a kernel, in the order in which a file should have them. */
export const PARAMETERS: readonly Parameter[] = [...SOCKETS, ...PORTS, ...NETWORK, ...SYSTEM];

function reservedPorts({ rtpengine }: Fleet): string {
  const { ports } = rtpengine;
  const control = instancesOf(rtpengine).flatMap((one) => [one.ngPort, one.cliPort, one.httpPort]);
  return asKernelWrites(`${ports.min}-${ports.max},${control.join(',')}`);
}
