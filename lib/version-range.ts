/** Ranges of RTPEngine releases, as tables of facts name them. Pure. */
import { compareVersions } from './version.ts';

/** Versions from `from` on (absent: from the first) and older than `before` (absent: to this day). */
export type VersionRange = { readonly from?: string; readonly before?: string };

/** One range, or some: a mend can come to several series of releases at different times. */
export type Versions = VersionRange | readonly VersionRange[];

/** Throws FleetError `usage` for what is no version. */
export function isWithin(version: string, versions: Versions): boolean {
  return [versions].flat().some((range) => isWithinOne(version, range));
}

function isWithinOne(version: string, { from, before }: VersionRange): boolean {
  const isNewEnough = from === undefined || compareVersions(version, from) >= 0;
  const isOldEnough = before === undefined || compareVersions(version, before) < 0;
  return isNewEnough && isOldEnough;
}
