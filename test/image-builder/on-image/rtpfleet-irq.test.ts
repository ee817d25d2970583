import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PROGRAMS } from '../support/relay-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rtpfleet-irq-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A card with interrupts, as PCI shows it: gVNIC has them itself, virtio those of the device that it sits on. */
function card(kind: 'gvnic' | 'virtio', irqs: readonly number[]): void {
  const pci = join(folder, 'sys/devices/pci0');
  const device = kind === 'gvnic' ? pci : join(pci, 'virtio0');
  mkdirSync(device, { recursive: true });
  mkdirSync(join(pci, 'msi_irqs'));
  mkdirSync(join(folder, 'sys/class/net/eth0'), { recursive: true });
  symlinkSync(device, join(folder, 'sys/class/net/eth0/device'));
  for (const irq of irqs) {
    writeFileSync(join(pci, 'msi_irqs', String(irq)), 'msix\n');
    mkdirSync(join(folder, `proc/irq/${irq}`), { recursive: true });
    writeFileSync(join(folder, `proc/irq/${irq}/smp_affinity_list`), '0-3\n');
  }
}

async function spread(...words: readonly string[]) {
  const program = readFileSync(join(PROGRAMS, 'rtpfleet-irq'), 'utf8')
    .replace('PROC=/proc', `PROC=${folder}/proc`)
    .replace('SYS=/sys', `SYS=${folder}/sys`)
    .replace('KEPT=/run', `KEPT=${folder}`);
  return await execa('sh', ['-c', program, 'rtpfleet-irq', ...words], { reject: false });
}

const cpuOf = (irq: number) => readFileSync(join(folder, `proc/irq/${irq}/smp_affinity_list`), 'utf8').trim();

test.each(['gvnic', 'virtio'] as const)('interrupts of a %s card go round the CPUs', async (kind) => {
  card(kind, [30, 31, 32, 100]);
  const { exitCode, stderr } = await spread('0-1,3');
  expect(stderr).toBe('interrupts of the network card moved: 4');
  expect(exitCode).toBe(0);
  expect([30, 31, 32, 100].map(cpuOf)).toEqual(['0', '1', '3', '0']);
  expect((await spread()).stdout).toBe('0\n1\n3\n0');
});

test('one that the kernel keeps for itself is left, the others are moved', async () => {
  card('gvnic', [30, 31]);
  // A folder cannot be written to, by root neither.
  rmSync(join(folder, 'proc/irq/30/smp_affinity_list'));
  mkdirSync(join(folder, 'proc/irq/30/smp_affinity_list'));
  expect(await spread('2')).toMatchObject({ exitCode: 0, stderr: 'interrupts of the network card moved: 1' });
  expect(cpuOf(31)).toBe('2');
  expect((await spread()).stdout).toBe('2');
});

test('without CPUs it says where they arrive, and moves nothing', async () => {
  card('virtio', [30, 31]);
  expect(await spread()).toMatchObject({ exitCode: 0, stdout: '0-3\n0-3' });
  expect([30, 31].map(cpuOf)).toEqual(['0-3', '0-3']);
});

test('of a machine without a card it says nothing', async () => {
  expect(await spread()).toMatchObject({ exitCode: 0, stdout: '' });
});

test('a machine without a card whose interrupts can be moved fails, and says so', async () => {
  mkdirSync(join(folder, 'sys/class/net/lo'), { recursive: true });
  const { exitCode, stderr } = await spread('0');
  expect(exitCode).toBe(1);
  expect(stderr).toBe('no interrupt of a network card could be moved');
});
