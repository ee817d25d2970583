import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseFleet } from '../../../configs/load.ts';
import { readTuning } from '../../../image-builder/tuning/read-back.ts';
import { tuningTable, wantedTuning } from '../../../image-builder/tuning/wanted.ts';
import { PROGRAMS } from '../support/relay-config.ts';

const FLEET = parseFleet(
  `name: tuned
cloud: { project: tuned-project, region: us-central1, zones: [us-central1-a] }
image: { version: mr12.5.1.31 }
tuning: { rtpengineCpus: 2-3, systemCpus: 0-1, isolateCpus: true, irqCpus: '0,10' }`,
  'tuned.yaml',
);
const PID = 42;
const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max open files            150000               150000               files
Max locked memory         unlimited            unlimited            bytes
Max nice priority         40                   40
Max realtime priority     99                   99
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rtpfleet-tuning-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A /proc in which everything is as wanted, as the kernel writes it, but for what a test changes; null: not there. */
function writeProc(changes: Readonly<Record<string, string | null>>): void {
  const files: Record<string, string | null> = {
    cmdline: 'root=x rw nohz_full=2-3 rcu_nocbs=2-3 isolcpus=managed_irq,2-3\n',
    [`${PID}/limits`]: LIMITS,
    '1/status': 'Name:\tsystemd\nCpus_allowed_list:\t0-1\n',
    'devices/system/cpu/nohz_full': '2-3\n',
    // What `rtpfleet-irq` prints.
    interrupts: '0\n10\n0\n',
    [`${PID}/status`]: 'Name:\trtpengine\nCpus_allowed:\tc\nCpus_allowed_list:\t2-3\n',
  };
  for (const { kind, name, value, presence } of wantedTuning(FLEET))
    if (kind === 'sysctl' && presence === 'always')
      files[`sys/${name.replaceAll('.', '/')}`] = `${value.replaceAll(' ', '\t')}\n`;
  for (const [path, content] of Object.entries({ ...files, ...changes })) {
    if (content === null) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** The program as it is in the image, on that /proc. */
async function look(changes: Readonly<Record<string, string | null>> = {}, container = '', pid = PID) {
  writeProc(changes);
  writeFileSync(join(folder, 'table'), tuningTable(FLEET));
  const detect = `#!/bin/sh\necho ${container || 'none'}\n${container === '' ? 'exit 1' : ''}\n`;
  writeFileSync(join(folder, 'systemd-detect-virt'), detect, { mode: 0o755 });
  writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho ${pid}\n`, { mode: 0o755 });
  const program = readFileSync(join(PROGRAMS, 'rtpfleet-tuning'), 'utf8')
    .replace('TABLE=/usr/lib/rtpfleet/tuning', `TABLE=${join(folder, 'table')}`)
    .replace('PROC=/proc', `PROC=${folder}`)
    .replace('SYS=/sys', `SYS=${folder}`)
    .replace('/usr/sbin/rtpfleet-irq', `cat ${folder}/interrupts`);
  const env = { PATH: `${folder}:${process.env.PATH ?? ''}` };
  const { exitCode, stdout } = await execa('sh', ['-c', program], { reject: false, env });
  const { ok, parameters } = JSON.parse(stdout);
  const states = new Map<string, { state: string; actual: string | null }>(
    parameters.map((reading: { name: string; state: string; actual: string | null }) => [
      reading.name,
      reading,
    ]),
  );
  return { exitCode, ok, stdout, states };
}

describe('rtpfleet-tuning', () => {
  test('finds everything in force on a machine that is as it should be', async () => {
    const { exitCode, ok, stdout, states } = await look();
    expect({ exitCode, ok }).toEqual({ exitCode: 0, ok: true });
    expect(states.size).toBe(wantedTuning(FLEET).length);
    expect(states.get('net.ipv4.udp_mem')).toMatchObject({
      actual: '8388608 12582912 16777216',
      state: 'in-force',
    });
    expect(states.get('Max locked memory')).toMatchObject({ actual: 'unlimited', state: 'in-force' });
    expect(states.get('rtpengine')).toMatchObject({ actual: '2-3', state: 'in-force' });
    expect(states.get('system')).toMatchObject({ actual: '0-1', state: 'in-force' });
    expect(states.get('nohz_full')).toMatchObject({ actual: '2-3', state: 'in-force' });
    expect(states.get('network card')).toMatchObject({ actual: '0,10', state: 'in-force' });
    expect(states.get('kernel.sched_latency_ns')).toMatchObject({ actual: null, state: 'gone' });
    expect(states.get('net.netfilter.nf_conntrack_max')).toMatchObject({ actual: null, state: 'not-loaded' });
    expect(readTuning(stdout)).toMatchObject({ kind: 'in-force' });
  });

  test.each([
    ['sys/net/core/rmem_max', '212992\n', 'net.core.rmem_max', '212992', 'differs'],
    ['sys/net/core/rmem_max', null, 'net.core.rmem_max', null, 'absent'],
    ['sys/fs/file-max', '999999\n', 'fs.file-max', '999999', 'differs'],
    ['sys/net/netfilter/nf_conntrack_max', '65536\n', 'net.netfilter.nf_conntrack_max', '65536', 'differs'],
    [`${PID}/status`, 'Cpus_allowed_list:\t0-3\n', 'rtpengine', '0-3', 'differs'],
    [
      `${PID}/limits`,
      LIMITS.replace('priority     99 ', 'priority     0  '),
      'Max realtime priority',
      '0',
      'differs',
    ],
    ['cmdline', 'root=x nohz_full=2\n', 'nohz_full=2-3', null, 'absent'],
    ['devices/system/cpu/nohz_full', '(null)\n', 'nohz_full', '(null)', 'differs'],
    ['devices/system/cpu/nohz_full', null, 'nohz_full', null, 'absent'],
    ['1/status', 'Cpus_allowed_list:\t0-3\n', 'system', '0-3', 'differs'],
    ['interrupts', '0\n1-2\n', 'network card', '0,1-2', 'differs'],
    ['interrupts', '1\n', 'network card', '1', 'differs'],
  ])('with %s %j says so of %s and fails', async (path, content, name, actual, state) => {
    const { exitCode, stdout, states } = await look({ [path]: content });
    expect(exitCode).toBe(1);
    expect(states.get(name)).toMatchObject({ actual, state });
    expect(readTuning(stdout)).toMatchObject({ kind: 'faults' });
  });

  test('fails when RTPEngine does not run: nothing can be said of its limits', async () => {
    const { exitCode, states } = await look({}, '', 0);
    expect(exitCode).toBe(1);
    expect(states.get('Max open files')).toMatchObject({ actual: null, state: 'absent' });
  });

  test('claims nothing of a machine whose network card has no interrupts to move', async () => {
    const { exitCode, stdout, states } = await look({ interrupts: '' });
    expect(exitCode).toBe(0);
    expect(states.get('network card')).toMatchObject({ actual: null, state: 'no-card' });
    expect(readTuning(stdout)).toMatchObject({ kind: 'in-force' });
  });

  test('in a container is silent about nothing: what is the host’s is called so', async () => {
    const changes = {
      interrupts: '',
      'sys/net/core/rmem_max': null,
      'sys/kernel/panic': '0\n',
      [`${PID}/limits`]: LIMITS.replaceAll('150000', '20000 '),
    };
    const { exitCode, states } = await look(changes, 'systemd-nspawn');
    expect(exitCode).toBe(0);
    expect(states.get('net.core.rmem_max')?.state).toBe('hidden');
    expect(states.get('network card')?.state).toBe('hidden');
    expect(states.get('kernel.panic')).toMatchObject({ actual: '0', state: 'host' });
    expect(states.get('Max open files')).toMatchObject({ actual: '20000', state: 'host' });
  });

  test('in a container still fails on what a container has of its own', async () => {
    const changes = { 'sys/net/ipv4/ip_local_port_range': '32768\t60999\n' };
    const { exitCode, states } = await look(changes, 'systemd-nspawn');
    expect(exitCode).toBe(1);
    expect(states.get('net.ipv4.ip_local_port_range')).toMatchObject({
      actual: '32768 60999',
      state: 'differs',
    });
  });

  test('says when a kernel has again what was gone', async () => {
    const { exitCode, states } = await look({ 'sys/kernel/sched_latency_ns': '6000000\n' });
    expect(exitCode).toBe(0);
    expect(states.get('kernel.sched_latency_ns')).toMatchObject({ actual: '6000000', state: 'not-set' });
  });
});
