import { describe, expect, test } from 'vitest';
import { partitionProblems } from '../../image-builder/inspect.ts';
import { diskLayout, partitionTypes } from '../../image-builder/layout.ts';

describe('the partitions', () => {
  const layout = diskLayout(2, 'seed');
  const types = partitionTypes('amd64');
  const table = (parts: readonly (keyof typeof types)[]) => ({
    partitiontable: {
      label: 'gpt',
      partitions: parts.map((part) => ({
        start: layout[part].start,
        size: layout[part].sectors,
        type: types[part],
      })),
    },
  });

  test('as laid out are fine', () => {
    expect(partitionProblems(JSON.stringify(table(['bios', 'esp', 'root'])), layout)).toEqual([]);
  });

  test.each([
    ['arm64', 'amd64'],
    ['amd64', 'arm64'],
  ] as const)('a root for %s is none for %s', (made, wanted) => {
    const text = JSON.stringify(table(['bios', 'esp', 'root'])).replace(
      types.root,
      partitionTypes(made).root,
    );
    expect(partitionProblems(text, diskLayout(2, 'seed', [], wanted))).toEqual([
      expect.stringContaining('root'),
    ]);
    expect(partitionProblems(text, diskLayout(2, 'seed', [], made))).toEqual([]);
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
