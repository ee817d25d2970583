/** The first header of a tar archive, and whether GCE would take it. Pure. */

export type FirstMember = {
  readonly name: string;
  /** `gnu` (oldgnu), `posix` (ustar, pax) or `unknown`. */
  readonly format: 'gnu' | 'posix' | 'unknown';
  /** One character: `0` file, `S` sparse file, `x` pax header, `5` directory … */
  readonly kind: string;
};

/** Reads a 512-byte header (POSIX.1-1988 with the GNU magic, tar(5)). */
export function parseHeader(header: Buffer): FirstMember {
  const text = (from: number, to: number): string => header.toString('latin1', from, to);
  const magic = text(257, 265);
  return {
    name: text(0, 100).replace(/\0.*$/s, ''),
    format: magic === 'ustar  \0' ? 'gnu' : magic.startsWith('ustar\0') ? 'posix' : 'unknown',
    kind: text(156, 157),
  };
}

/** What is wrong with an archive that begins so, as the end of a sentence; undefined: nothing. */
export function formatProblem(member: FirstMember | undefined): string | undefined {
  if (member === undefined) return 'it is not a gzip-compressed tar';
  if (member.format === 'posix') return 'its tar has POSIX format, not GNU (tar --format=oldgnu)';
  if (member.format === 'unknown') return 'it is not a gzip-compressed tar';
  if (member.name !== 'disk.raw') return `its first member is named ${member.name}, not disk.raw`;
  if (member.kind !== '0' && member.kind !== 'S' && member.kind !== '\0')
    return 'disk.raw is not a file in it';
  return undefined;
}
