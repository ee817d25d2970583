import { describe, expect, test } from 'vitest';
import {
  BUSES,
  EMULATORS,
  FIRMWARES,
  qemuCommand,
  SECURE_CODE,
  type VirtualMachine,
} from '../../lab/qemu/command.ts';

const MACHINE: VirtualMachine = {
  architecture: 'amd64',
  cpus: 1,
  firmware: 'uefi',
  bus: 'virtio-scsi',
  disk: { file: '/lab/disk.raw', format: 'raw' },
  variables: '/lab/variables.fd',
  secureBoot: false,
  serial: '/lab/serial.log',
  tap: 'tap0',
  hardwareAddress: '42:01:0a:40:01:14',
};
const text = (change: Partial<VirtualMachine> = {}) => qemuCommand({ ...MACHINE, ...change }).join(' ');

describe('the machine that QEMU makes', () => {
  test.each(FIRMWARES.flatMap((firmware) => BUSES.map((bus) => ({ firmware, bus }))))(
    'is emulated, headless and leaves the disk as it is: $firmware, $bus',
    (change) => {
      const words = text(change);
      expect(words).toContain('-accel tcg,thread=single');
      expect(words).toContain('-cpu qemu64 -smp 1');
      expect(words).toContain('-display none');
      expect(words).toMatch(/file=\/lab\/disk\.raw,format=raw,snapshot=on/);
      expect(words).toContain('product=Google Compute Engine');
      expect(words).toContain('mac=42:01:0a:40:01:14');
    },
  );

  test('has UEFI only when it is asked for, with variables of its own', () => {
    expect(text()).toContain(`readonly=on,file=${EMULATORS.amd64.code}`);
    expect(text()).toContain('unit=1,format=raw,file=/lab/variables.fd');
    expect(text()).toContain('systemd.default_timeout_start_sec=900');
    expect(text({ firmware: 'bios' })).not.toMatch(/pflash|timeout/);
  });

  test('is of the architecture of its image', () => {
    const words = text({ architecture: 'arm64', cpus: 2 });
    expect(words).toMatch(/^qemu-system-aarch64 .*-machine virt -cpu cortex-a72 -smp 2 /);
    expect(words).toContain(`readonly=on,file=${EMULATORS.arm64.code}`);
  });

  test('has Secure Boot only with a firmware that guards its variables', () => {
    expect(text()).not.toContain('secboot');
    expect(text({ secureBoot: true })).toContain(`readonly=on,file=${SECURE_CODE}`);
    expect(text({ secureBoot: true })).toContain('driver=cfi.pflash01,property=secure,value=on');
  });

  test('takes the disk by either bus', () => {
    expect(text()).toContain('scsi-hd,drive=disk');
    expect(text({ bus: 'nvme' })).toContain('nvme,drive=disk');
  });

  test('takes paths with commas', () => {
    expect(text({ disk: { file: '/a,b/disk.qcow2', format: 'qcow2' } })).toContain(
      'file=/a,,b/disk.qcow2,format=qcow2',
    );
  });
});
