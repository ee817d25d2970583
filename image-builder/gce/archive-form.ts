/** The form of archive that GCE imports (GCE: "Import disk images"; coreos-assembler platform.gcp.ipp.yaml). Pure. */

const GIB = 1024 ** 3;

/** So much of the unpacked archive has to be looked at. */
export const TAR_BLOCK = 512;

/**
 * One member `disk.raw`, oldgnu, sparse, whole GiB.
 * @param header the first block of the unpacked archive
 */
export function archiveProblems(header: Buffer): readonly string[] {
  const name = header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
  const realSize = Number.parseInt(header.toString('latin1', 483, 495), 8);
  const problems: string[] = [];
  if (name !== 'disk.raw') problems.push(`its first member is ${JSON.stringify(name)}, not disk.raw`);
  if (header.toString('latin1', 257, 265) !== 'ustar  \0') problems.push('it is not in oldgnu form');
  if (header.toString('latin1', 156, 157) !== 'S') problems.push('disk.raw is not sparse');
  if (!(realSize > 0) || realSize % GIB !== 0)
    problems.push(`disk.raw has ${realSize} bytes, which is no whole GiB`);
  return problems;
}
