import { describe, expect, test } from 'vitest';
import { partitionProblems } from '../../image-builder/inspect.ts';
import { diskLayout, PARTITION_TYPE } from '../../image-builder/layout.ts';

describe('the partitions', () => {
  const layout = diskLayout(2, 'seed');
  const table = (parts: readonly (keyof typeof PARTITION_TYPE)[]) => ({
    partitiontable: {
      label: 'gpt',
      partitions: parts.map((part) => ({
        start: layout[part].start,
        size: layout[part].sectors,
        type: PARTITION_TYPE[part],
      })),
    },
  });

  test('as laid out are fine', () => {
    expect(partitionProblems(JSON.stringify(table(['bios', 'esp', 'root'])), layout)).toEqual([]);
  });

  test('one that is missing is named', () => {
    expect(partitionProblems(JSON.stringify(table(['bios', 'root'])), layout)).toEqual([
      expect.stringContaining('EFI system'),
    ]);
  });

  test('a disk without GPT is refused', () => {
    expect(partitionProblems('{"partitiontable":{"label":"dos"}}', layout)).toEqual([
      expect.stringContaining('dos, not gpt'),
    ]);
  });
});
