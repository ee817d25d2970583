import { describe, expect, test } from 'vitest';
import { parsePartitions, rootPartition } from '../../lab/images/partitions.ts';
import { formatProblem, parseHeader } from '../../lab/images/tar-header.ts';

function header(name: string, magic: string, kind: string): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 'latin1');
  block.write(kind, 156, 'latin1');
  block.write(magic, 257, 'latin1');
  return block;
}

describe('the archive of an image', () => {
  test.each([
    ['a plain GNU member', 'disk.raw', 'ustar  \0', '0', undefined],
    ['a sparse GNU member', 'disk.raw', 'ustar  \0', 'S', undefined],
    ['POSIX format', 'disk.raw', 'ustar\x0000', '0', 'POSIX'],
    ['another name', 'image.raw', 'ustar  \0', '0', 'image.raw'],
    ['a path before the name', './disk.raw', 'ustar  \0', '0', './disk.raw'],
    ['a folder', 'disk.raw', 'ustar  \0', '5', 'not a file'],
    ['no tar', 'disk.raw', '', '0', 'not a gzip-compressed tar'],
  ])('%s', (_, name, magic, kind, problem) => {
    const said = formatProblem(parseHeader(header(name, magic, kind)));
    if (problem === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(problem);
  });
});

const ROOT = '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709';

describe('the root partition', () => {
  const table = (types: readonly string[]) =>
    parsePartitions({
      partitiontable: {
        sectorsize: 512,
        partitions: types.map((type, index) => ({ start: 2048 * (index + 1), size: 2048, type })),
      },
    }) ?? [];

  test('is the one of the root type, in bytes', () => {
    const found = rootPartition(table(['C12A7328-F81F-11D2-BA4B-00A0C93EC93B', ROOT]), [false, true]);
    expect(found).toEqual({ offset: 2 * 2048 * 512, bytes: 2048 * 512, type: ROOT });
  });

  test('is the root type also when another partition is ext4', () => {
    expect(rootPartition(table(['83', ROOT]), [true, true])?.type).toBe(ROOT);
  });

  test('is the only ext4 one of a table without types, such as MBR', () => {
    expect(rootPartition(table(['ef', '83']), [false, true])?.type).toBe('83');
  });

  test('is none when two could be it, or the root type is not ext4', () => {
    expect(rootPartition(table(['83', '83']), [true, true])).toBeUndefined();
    expect(rootPartition(table([ROOT]), [false])).toBeUndefined();
  });

  test('a disk without a table has none', () => {
    expect(parsePartitions({})).toBeUndefined();
    expect(parsePartitions(null)).toBeUndefined();
  });
});
