import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ARCHITECTURES } from '../../image-builder/architecture.ts';
import { plainKernel, ukiCommand } from '../../image-builder/esp.ts';
import { diskLayout, kernelCommandLine } from '../../image-builder/layout.ts';

test.each([
  ['amd64', 'x64', 'BOOTX64.EFI'],
  ['arm64', 'aa64', 'BOOTAA64.EFI'],
] as const)('a machine of %s starts by systemd’s stub for it', (architecture, efi, loader) => {
  const layout = diskLayout(2, 'seed', [], architecture);
  const words = ukiCommand(layout, {
    kernel: `vmlinuz-6.12-cloud-${architecture}`,
    initrd: 'initrd.img-6.12',
  });
  expect(words).toContain(`--stub=/usr/lib/systemd/boot/efi/linux${efi}.efi.stub`);
  expect(words).toContain(`--efi-arch=${efi}`);
  expect(words).toContain(`--uname=6.12-cloud-${architecture}`);
  expect(words).toContain(`--cmdline=${kernelCommandLine(layout)}`);
  expect(ARCHITECTURES[architecture].firmwareLoader).toBe(loader);
});

test('the kernel is one that firmware can start, also where the base packs it', () => {
  const kernel = Buffer.from('MZ and more');
  expect(plainKernel(kernel)).toEqual(kernel);
  expect(plainKernel(gzipSync(kernel))).toEqual(kernel);
});
