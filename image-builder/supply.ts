/** What an image's RTPEngine comes as: Debian's own package, or packages at hand. Pure. */
import type { ArchitectureName } from './architecture.ts';
import { type BaseName, packagesOf } from './bases.ts';
import type { DebSet } from './compile/packages.ts';
import type { CompileRecord } from './compile/record.ts';
import { digestOf } from './digest.ts';
import type { Release } from './packages.ts';
import type { Mirrors } from './sources.ts';

/** For the record of an image. */
export type Origin = {
  readonly source: 'debian' | 'git' | 'path' | 'tarball' | 'debs';
  readonly place?: string;
  readonly commit?: string;
  /** sha256 of the tarball, or of a folder as it is packed for a compile; absent: a commit says more. */
  readonly content?: string;
  readonly compile?: CompileRecord & { readonly key: string };
};

export type Supply =
  | { readonly kind: 'debian'; readonly origin: Origin }
  | ({ readonly kind: 'debs'; readonly folder: string; readonly origin: Origin } & DebSet);

export const DEBIAN: Supply = { kind: 'debian', origin: { source: 'debian' } };

const DAEMON = 'rtpengine-daemon';

/** The packages that an image asks for, with this supply's daemon at just its version. Pure. */
export function imagePackages(
  supply: Supply,
  base: BaseName,
  architecture?: ArchitectureName,
): readonly string[] {
  const packages = packagesOf(base, architecture);
  if (supply.kind === 'debian') return packages;
  const daemon = `${supply.daemon}=${supply.debianVersion}`;
  return packages.map((name) => (name === DAEMON ? daemon : name));
}

/** The release that apt installs from. The digest names the packages by content, not by place. Pure. */
export function releaseOf(codename: string, mirrors: Mirrors, supply: Supply): Release {
  if (supply.kind === 'debian') return { codename, mirrors };
  return { codename, mirrors, local: { folder: supply.folder, digest: digestOf({ debs: supply.debs }) } };
}
