/** How large an image is, and what makes it up. Pure. */
import type { PackageFacts } from './sbom/cyclonedx.ts';

export type Size = {
  /** What dpkg says that all packages take when they are installed. */
  readonly installedBytes: number;
  readonly packages: number;
  /** The largest of them, the largest first. */
  readonly largest: readonly { readonly name: string; readonly bytes: number }[];
};

const SHOWN = 6;

/** Undefined: the record of the disk is of a time before sizes were in it. */
export function sizeOf(packages: readonly PackageFacts[]): Size | undefined {
  const known = packages.flatMap(({ name, installedBytes }) =>
    installedBytes === undefined ? [] : [{ name, bytes: installedBytes }],
  );
  if (known.length === 0) return undefined;
  return {
    installedBytes: known.reduce((sum, { bytes }) => sum + bytes, 0),
    packages: packages.length,
    largest: known.toSorted((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1)).slice(0, SHOWN),
  };
}

/** `449 MB of 309 packages: linux-image-6.12 36, coreutils 19, the rest 394`. */
export function wordSize({ installedBytes, packages, largest }: Size): string {
  const mega = (bytes: number): string => (bytes / 1e6).toFixed(0);
  const rest = installedBytes - largest.reduce((sum, { bytes }) => sum + bytes, 0);
  const parts = largest.map(({ name, bytes }) => `${name} ${mega(bytes)}`);
  return `${mega(installedBytes)} MB of ${packages} packages: ${[...parts, `the rest ${mega(rest)}`].join(', ')}`;
}
