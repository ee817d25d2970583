import { describe, expect, test } from 'vitest';
import { archiveProblems, partitionProblems } from '../../image-builder/inspect.ts';
import { diskLayout, PARTITION_TYPE } from '../../image-builder/layout.ts';

/** Header of a tar member as GNU tar writes it. */
function header(change: { name?: string; magic?: string; type?: string; size?: number } = {}): Buffer {
  const { name = 'disk.raw', magic = 'ustar  \0', type = 'S', size = 2 * 1024 ** 3 } = change;
  const block = Buffer.alloc(512);
  block.write(name, 0, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(magic, 257, 'latin1');
  block.write(size.toString(8).padStart(11, '0'), 483, 'latin1');
  return block;
}

describe('the archive', () => {
  test('in the form that GCE imports has no problems', () => {
    expect(archiveProblems(header())).toEqual([]);
  });

  test.each([
    [{ name: 'image.raw' }, /"image.raw", not disk.raw/],
    [{ magic: 'ustar\x0000' }, /oldgnu/],
    [{ type: '0' }, /not sparse/],
    [{ size: 2 * 1024 ** 3 + 512 }, /no whole GiB/],
  ])('with %j has one', (change, problem) => {
    expect(archiveProblems(header(change))).toEqual([expect.stringMatching(problem)]);
  });
});

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
