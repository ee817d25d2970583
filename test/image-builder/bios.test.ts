import { describe, expect, test } from 'vitest';
import { grubScript, patchedBootSector, patchedCore } from '../../image-builder/bios.ts';
import { diskLayout } from '../../image-builder/layout.ts';

describe('boot under BIOS', () => {
  test('the boot sector names the sector of core.img and leaves the partition table alone', () => {
    const sector = patchedBootSector(Buffer.alloc(512, 0xee), 2048);
    expect(sector.readBigUInt64LE(0x5c)).toBe(2048n);
    expect(sector.subarray(0x66, 0x68)).toEqual(Buffer.from([0x90, 0x90]));
    expect(sector).toHaveLength(440);
  });

  test('core.img goes on in the sector after its first one', () => {
    const core = patchedCore(Buffer.alloc(2048, 0xee), 2048);
    expect(core.readBigUInt64LE(0x1f4)).toBe(2049n);
    expect(core).toHaveLength(2048);
  });

  test('GRUB finds root by the identifier of its file system and starts that kernel', () => {
    const layout = diskLayout(2, 'seed');
    const script = grubScript(layout, 'vmlinuz-6.12', 'initrd.img-6.12');
    expect(script).toContain(`search.fs_uuid ${layout.ids.rootFs} root\n`);
    expect(script).toContain('linux ($root)/boot/vmlinuz-6.12 root=PARTUUID=');
    expect(script).toContain('initrd ($root)/boot/initrd.img-6.12\n');
  });
});
