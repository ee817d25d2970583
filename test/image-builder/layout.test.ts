import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diskLayout, kernelCommandLine, SECTOR, sfdiskScript } from '../../image-builder/layout.ts';

describe('the disk', () => {
  test('is whole GiB, and its partitions neither meet nor run over the end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), (size) => {
        const { bytes, bios, esp, root } = diskLayout(size, 'seed');
        expect(bytes).toBe(size * 1024 ** 3);
        expect(bios.start).toBeGreaterThanOrEqual(34);
        expect(esp.start).toBeGreaterThanOrEqual(bios.start + bios.sectors);
        expect(root.start).toBeGreaterThanOrEqual(esp.start + esp.sectors);
        expect(root.start + root.sectors).toBeLessThanOrEqual(bytes / SECTOR - 34);
      }),
    );
  });

  test.each([0, 1.5, -1, Number.NaN])('of %s GiB is refused', (size) => {
    expect(() => diskLayout(size, 'seed')).toThrow(/whole GiB/);
  });

  test('has the same identifiers for the same inputs only', () => {
    expect(diskLayout(2, 'a')).toEqual(diskLayout(2, 'a'));
    expect(diskLayout(2, 'a').ids.root).not.toBe(diskLayout(2, 'b').ids.root);
  });

  test('is described to sfdisk with every identifier fixed', async () => {
    await expect(sfdiskScript(diskLayout(2, 'seed'))).toMatchFileSnapshot('../golden/image/sfdisk.txt');
  });

  test('starts the root that it has, with the serial console of GCE', () => {
    const layout = diskLayout(2, 'seed');
    expect(kernelCommandLine(layout)).toContain(`root=PARTUUID=${layout.ids.root} `);
    expect(kernelCommandLine(layout)).toContain('console=ttyS0,38400n8d');
  });
});
