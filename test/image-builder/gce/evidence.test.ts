import { expect, test } from 'vitest';
import { kernelOptions, moduleNames } from '../../../image-builder/gce/evidence.ts';

test('options of a kernel are read with their values; what is off is absent', () => {
  const options = kernelOptions('CONFIG_GVE=m\n# CONFIG_IDPF is not set\nCONFIG_EFI_STUB=y\n');
  expect([...options]).toEqual([
    ['CONFIG_GVE', 'm'],
    ['CONFIG_EFI_STUB', 'y'],
  ]);
});

test('modules are named as the kernel names them', () => {
  const paths = ['kernel/net/virtio_net.ko', './usr/lib/modules/6/crc32c-intel.ko.xz', '/etc/x.kon'];
  expect([...moduleNames(paths)]).toEqual(['virtio_net', 'crc32c_intel']);
});
