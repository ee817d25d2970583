/** The command line of QEMU for one virtual machine that is as much like one of GCE as software emulation can be. Pure. */
import type { ArchitectureName } from '../../image-builder/architecture.ts';
import { MTU } from '../network/dnsmasq.ts';

export const FIRMWARES = ['uefi', 'bios'] as const;
export type Firmware = (typeof FIRMWARES)[number];

/** How the boot disk is plugged in. GCE has both, by machine type. */
export const BUSES = ['virtio-scsi', 'nvme'] as const;
export type Bus = (typeof BUSES)[number];

export type VirtualMachine = {
  readonly architecture: ArchitectureName;
  readonly cpus: number;
  readonly firmware: Firmware;
  readonly bus: Bus;
  readonly disk: { readonly file: string; readonly format: 'raw' | 'qcow2' };
  /** A writable copy of the UEFI's `variables`, for firmware `uefi`. */
  readonly variables: string;
  /** `variables` holds keys, and the firmware starts nothing that they did not sign. */
  readonly secureBoot: boolean;
  /** File that the first serial port is written to. */
  readonly serial: string;
  readonly tap: string;
  readonly hardwareAddress: string;
};

export type Emulator = {
  readonly program: string;
  /** Machine and processor. */
  readonly machine: readonly string[];
  /** UEFI: the firmware itself, and what a machine's own variables begin as. */
  readonly code: string;
  readonly variables: string;
  /** Debian's packages of both. */
  readonly packages: string;
};

/**
 * Software emulation wants processors of the plainest kind, in one thread: with `max` or with a thread for each processor, QEMU 7.2
 * ends in a double fault or a NULL dereference of the guest's kernel (measured on amd64).
 */
export const EMULATORS: Readonly<Record<ArchitectureName, Emulator>> = {
  amd64: {
    program: 'qemu-system-x86_64',
    machine: ['-machine', 'q35', '-cpu', 'qemu64'],
    code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
    variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
    packages: 'qemu-system-x86 ovmf',
  },
  arm64: {
    program: 'qemu-system-aarch64',
    machine: ['-machine', 'virt', '-cpu', 'cortex-a72'],
    code: '/usr/share/AAVMF/AAVMF_CODE.fd',
    variables: '/usr/share/AAVMF/AAVMF_VARS.fd',
    packages: 'qemu-system-arm qemu-efi-aarch64',
  },
};

/** With Secure Boot, which wants system management mode: only the firmware itself may write its variables. amd64. */
export const SECURE_CODE = '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd';

/**
 * On a busy machine an emulated boot takes minutes, in which units run into time-outs that say nothing about the image. The stub
 * of systemd takes these words for the kernel's command line (systemd-stub(7)); GRUB has nothing like it.
 */
const PATIENCE =
  'io.systemd.stub.kernel-cmdline-extra=systemd.default_timeout_start_sec=900 systemd.default_device_timeout_sec=900';

const MEMORY_MIB = 1024;

/** DMI as GCE's machines have it: guests tell by it where they are. */
const SMBIOS = 'type=1,manufacturer=Google,product=Google Compute Engine';

/** `snapshot=on`: the disk's file is not written. */
export function qemuCommand(machine: VirtualMachine): readonly string[] {
  const { architecture, cpus, disk, tap, hardwareAddress, serial } = machine;
  const emulator = EMULATORS[architecture];
  const drive = `if=none,id=disk,file=${escaped(disk.file)},format=${disk.format},snapshot=on,cache=unsafe`;
  return [
    emulator.program,
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-monitor', 'none'],
    ...['-accel', 'tcg,thread=single', ...emulator.machine, '-smp', String(cpus)],
    ...(machine.secureBoot ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
    ...['-m', String(MEMORY_MIB), '-smbios', SMBIOS],
    ...firmwareWords(machine),
    ...['-drive', drive, ...busWords(machine.bus)],
    ...['-netdev', `tap,id=net,ifname=${tap},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=net,mac=${hardwareAddress},host_mtu=${MTU},romfile=`],
    ...['-device', 'virtio-rng-pci'],
    ...['-chardev', `file,id=console,path=${escaped(serial)}`, '-serial', 'chardev:console'],
  ];
}

function firmwareWords({ architecture, firmware, variables, secureBoot }: VirtualMachine): readonly string[] {
  switch (firmware) {
    case 'bios':
      return [];
    case 'uefi':
      return [
        ...[
          '-drive',
          `if=pflash,unit=0,format=raw,readonly=on,file=${secureBoot ? SECURE_CODE : EMULATORS[architecture].code}`,
        ],
        ...['-drive', `if=pflash,unit=1,format=raw,file=${escaped(variables)}`],
        ...['-smbios', `type=11,value=${PATIENCE}`],
      ];
    default:
      return firmware satisfies never;
  }
}

function busWords(bus: Bus): readonly string[] {
  switch (bus) {
    case 'virtio-scsi':
      return ['-device', 'virtio-scsi-pci,id=scsi', '-device', 'scsi-hd,drive=disk,bus=scsi.0,bootindex=1'];
    case 'nvme':
      return ['-device', 'nvme,drive=disk,serial=persistent-disk-0,bootindex=1'];
    default:
      return bus satisfies never;
  }
}

/** A comma within an option's value is written twice (qemu(1)). */
function escaped(value: string): string {
  return value.replaceAll(',', ',,');
}
