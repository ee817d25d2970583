/** The partition table of a disk, and which partition holds the root file system. Pure. */

export type Partition = {
  /** Bytes from the beginning of the disk. */
  readonly offset: number;
  readonly bytes: number;
  /** GPT type GUID (upper case) or MBR type. */
  readonly type: string;
};

/** "Linux root (x86-64)" and "(ARM64)" of the Discoverable Partitions Specification. */
const ROOT_TYPES = ['4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709', 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE'];

/** `sfdisk --json`: partitions in bytes; undefined when it is not a partition table. */
export function parsePartitions(json: unknown): readonly Partition[] | undefined {
  const table = field(json, 'partitiontable');
  const rows = field(table, 'partitions');
  if (!Array.isArray(rows)) return undefined;
  const sector = Number(field(table, 'sectorsize') ?? 512);
  return rows.map((row: unknown) => ({
    offset: Number(field(row, 'start')) * sector,
    bytes: Number(field(row, 'size')) * sector,
    type: String(field(row, 'type')).toUpperCase(),
  }));
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** The partition typed as root; else the only one that is ext4, else none. `isExt4` is the answer for each partition, in order. */
export function rootPartition(
  partitions: readonly Partition[],
  isExt4: readonly boolean[],
): Partition | undefined {
  const ext4 = partitions.filter((_, index) => isExt4[index] === true);
  return ext4.find(({ type }) => ROOT_TYPES.includes(type)) ?? (ext4.length === 1 ? ext4[0] : undefined);
}

/** Offset of the magic number in an ext2/3/4 file system, and its two bytes. */
export const EXT4_MAGIC = { offset: 1024 + 56, value: 0xef53 } as const;
