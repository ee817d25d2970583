import { describe, expect, test } from 'vitest';
import { consoleProblems, linesOf, refusedBySecureBoot } from '../../lab/qemu/console.ts';

const GOOD = `\u001b[2J\u001b[01;01HBdsDxe: starting Boot0001
[    0.000000] Linux version 6.12.48+deb13-cloud-amd64 (debian-kernel@lists.debian.org)
[    2.101112] EXT4-fs (sda3): mounted filesystem 41d2 r/w with ordered data mode.
[   12.550001] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [systemd:1]
[\u001b[0;32m  OK  \u001b[0m] Started \u001b[0;1;39mrtpengine-daemon.service\u001b[0m.
         Starting \u001b[0;1;39memergency-exit.service\u001b[0m - Prepares...
`;

/** As OVMF 2022.11 and systemd-boot 257 print them. */
const LOADER_REFUSED =
  'BdsDxe: failed to load Boot0001 "UEFI QEMU QEMU HARDDISK " from PciRoot(0x0)/Pci(0x1,0x0)/Scsi(0x0,0x0): Access Denied';
const KERNEL_REFUSED =
  '../src/boot/boot.c:2576@image_start: Error loading \\EFI\\Linux\\rtpfleet.efi: Access denied';
const SHELL_REFUSED =
  'BdsDxe: failed to start Boot0002 "EFI Internal Shell" from Fv(7CB8)/FvFile(7C04): Security Violation';

describe('what Secure Boot refused', () => {
  test.each([
    ['the kernel', KERNEL_REFUSED, '\\EFI\\Linux\\rtpfleet.efi'],
    ['the boot loader', LOADER_REFUSED, 'the boot loader of UEFI QEMU QEMU HARDDISK'],
  ])('%s is told, not what the firmware tries after it', (_, line, what) => {
    expect(refusedBySecureBoot(`${GOOD}${line}\r\n${SHELL_REFUSED}\r\n`)).toBe(what);
  });

  test.each([
    GOOD,
    'BdsDxe: failed to load Boot0001 "UEFI PXEv4" from PciRoot(0x0): Not Found',
    'rtpengine: Error loading module: Access denied',
  ])('is nothing on any other console', (serial) => {
    expect(refusedBySecureBoot(serial)).toBeUndefined();
    expect(consoleProblems(serial)).toEqual([]);
  });
});

describe('a console', () => {
  test('of a boot that went well has no problem, even where the host was slow', () => {
    expect(consoleProblems(GOOD)).toEqual([]);
  });

  test('is read without colours, cursor moves and carriage returns', () => {
    expect(linesOf('\u001b[2J\u001b[01;01H[\u001b[0;32m  OK  \u001b[0m] Started x.\r\n\r\n')).toEqual([
      '[  OK  ] Started x.',
    ]);
  });

  test.each([
    [
      'kernel panic',
      true,
      '[    3.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
    ],
    ['kernel oops', true, '[    3.1] Oops: 0000 [#1] PREEMPT SMP NOPTI'],
    ['kernel oops', true, '[    3.1] general protection fault, probably for non-canonical address 0xdead'],
    ['kernel bug', true, '[    3.1] BUG: kernel NULL pointer dereference, address: 0000000000000010'],
    ['kernel bug', true, '[    3.1] kernel BUG at mm/slub.c:4034!'],
    ['out of memory', false, '[   30.1] Out of memory: Killed process 412 (rtpengine) total-vm:1kB'],
    ['crash of a program', false, '[   30.1] rtpengine[412]: segfault at 0 ip 00007f sp 00007f error 4'],
    [
      'broken file system',
      false,
      '[   30.1] EXT4-fs error (device sda3): ext4_lookup:1786: inode #2: comm ls',
    ],
    [
      'failed unit',
      false,
      '[\u001b[0;1;31mFAILED\u001b[0m] Failed to start \u001b[0;1;39mrtpengine-daemon.service\u001b[0m',
    ],
    [
      'failed unit',
      false,
      '[\u001b[0;1;38;5;185mDEPEND\u001b[0m] Dependency failed for rtpfleet-ready.service.',
    ],
    ['circle of units', false, '[   4.1] systemd[1]: basic.target: Found ordering cycle on a.service/start'],
    ['emergency shell', true, 'You are in emergency mode. After logging in, type "journalctl -xb"'],
    ['emergency shell', true, '(initramfs) '],
    ['no kernel', true, 'rtpfleet: no kernel could be started'],
    ['refusal by Secure Boot', true, LOADER_REFUSED],
    ['refusal by Secure Boot', true, KERNEL_REFUSED],
  ])('shows a %s (fatal: %s)', (what, isFatal, line) => {
    expect(consoleProblems(`${GOOD}${line}\n`)).toMatchObject([{ what, isFatal }]);
  });

  test('names each line once', () => {
    const lines = 'kernel BUG at a.c:1!\n[FAILED] Failed to start a.\n';
    expect(consoleProblems(lines).map(({ what }) => what)).toEqual(['kernel bug', 'failed unit']);
  });
});
