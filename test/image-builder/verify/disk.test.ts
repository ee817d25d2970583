import { expect, test } from 'vitest';
import { diskLayout, SECTOR } from '../../../image-builder/layout.ts';
import { partOf } from '../../../image-builder/verify/disk.ts';

test('a byte of the disk belongs to a part of it', () => {
  const layout = diskLayout(2, 'seed');
  for (const part of ['bios', 'esp', 'root'] as const) {
    const { start, sectors } = layout[part];
    expect(partOf(layout, start * SECTOR)).toBe(part);
    expect(partOf(layout, (start + sectors) * SECTOR - 1)).toBe(part);
  }
  expect(partOf(layout, 0)).toBe('table');
  expect(partOf(layout, layout.bytes - 1)).toBe('table');
});
