import { describe, expect, test } from 'vitest';
import { parseFleet } from '../../../configs/load.ts';
import { PARAMETERS } from '../../../image-builder/tuning/parameters.ts';
import {
  kernelArguments,
  LIMITS,
  sysctlLines,
  tuningTable,
  wantedTuning,
} from '../../../image-builder/tuning/wanted.ts';

const fleet = (tuning = '{}') =>
  parseFleet(
    `name: tuned
cloud: { project: tuned-project, region: us-central1, zones: [us-central1-a] }
image: { version: mr12.5.1.31 }
tuning: ${tuning}`,
    'tuned.yaml',
  );

const ASKED_FOR = [
  'net.core.rmem_max',
  'net.core.wmem_max',
  'net.core.rmem_default',
  'net.core.wmem_default',
  'net.core.netdev_max_backlog',
  'net.core.busy_poll',
  'net.core.busy_read',
  'net.ipv4.udp_mem',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
  'net.ipv4.ip_local_port_range',
  'net.netfilter.nf_conntrack_max',
  'fs.file-max',
  'kernel.sched_latency_ns',
];

describe('the table of parameters', () => {
  test.each(ASKED_FOR)('has %s, with its reason and source', (name) => {
    const parameter = PARAMETERS.find((entry) => entry.name === name);
    expect(parameter?.reason.length).toBeGreaterThan(10);
    expect(parameter?.source.length).toBeGreaterThan(10);
  });

  test('names each once', () => {
    const names = PARAMETERS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('settings of a kernel', () => {
  test('that are gone or that systemd makes itself are said, not written', () => {
    const lines = sysctlLines(fleet()).split('\n');
    expect(lines).toContainEqual(
      expect.stringMatching(/^# kernel\.sched_latency_ns: not set, gone since 5\.13/),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^# fs\.file-max: not set, at least 1000000 is expected/),
    );
    expect(lines.filter((line) => /^-?[^#].*(sched_|file-max)/.test(line))).toEqual([]);
  });

  test('that belong to a module which may not be loaded must not fail the boot', () => {
    expect(sysctlLines(fleet())).toContain('\n-net.netfilter.nf_conntrack_max = 262144\n');
  });

  test('of the fleet file take the place of the table’s, or come on top, and are looked at', () => {
    const own = fleet('{ sysctl: { net.core.rmem_max: 67108864, vm.swappiness: 1 } }');
    expect(sysctlLines(own)).toContain('net.core.rmem_max = 67108864\n');
    expect(sysctlLines(own)).not.toContain('rmem_max = 134217728');
    expect(sysctlLines(own)).toContain('vm.swappiness = 1');
    expect(tuningTable(own)).toContain('sysctl\tnet.core.rmem_max\t=\t67108864\tmachine\talways\n');
    expect(tuningTable(own)).toContain('sysctl\tvm.swappiness\t=\t1\tmachine\talways\n');
  });

  test('busy polling is off unless asked for', () => {
    expect(sysctlLines(fleet())).toContain('net.core.busy_poll = 0\n');
    expect(sysctlLines(fleet('{ busyPollMicroseconds: 50 }'))).toContain('net.core.busy_read = 50\n');
  });
});

describe('CPUs', () => {
  test('are left alone unless the fleet file names them', () => {
    expect(kernelArguments(fleet())).toEqual([]);
    const kinds = wantedTuning(fleet()).map(({ kind }) => kind);
    expect(kinds.filter((kind) => !['sysctl', 'limit'].includes(kind))).toEqual([]);
  });

  test('isolated ones keep the balancing of threads', () => {
    const args = kernelArguments(fleet('{ rtpengineCpus: "3,2", isolateCpus: true }'));
    expect(args).toEqual(['nohz_full=2-3', 'rcu_nocbs=2-3', 'isolcpus=managed_irq,2-3']);
    expect(args.join()).not.toContain('domain');
  });

  test('pinned and isolated ones are looked at on the relay', () => {
    const table = tuningTable(fleet('{ rtpengineCpus: "3,2", isolateCpus: true }'));
    expect(table).toContain('cpus\trtpengine\t=\t2-3\tnamespace\talways\n');
    expect(table).toContain('argument\tnohz_full=2-3\t=\tnohz_full=2-3\tmachine\talways\n');
    expect(table).toContain('cpus\tnohz_full\t=\t2-3\tmachine\talways\n');
  });

  test('of the system and of interrupts are looked at on the relay', () => {
    const table = tuningTable(fleet('{ systemCpus: "1,0", irqCpus: "0,1" }'));
    expect(table).toContain('cpus\tsystem\t=\t0-1\tnamespace\talways\n');
    expect(table).toContain('irq\tnetwork card\tin\t0-1\tmachine\tcard\n');
    expect(table).not.toContain('nohz_full');
  });
});

test('every limit of the unit is looked at', () => {
  const names = wantedTuning(fleet()).flatMap(({ kind, name }) => (kind === 'limit' ? [name] : []));
  expect(names).toEqual(LIMITS.map(({ name }) => name));
});
