/** Which upstream tag a version word means, against the tags that a source has. Never another one in its place. Pure. */
import { FleetError } from '../../lib/errors.ts';
import { compareVersions, LATEST, parseVersion, resolveVersion } from '../../lib/version.ts';

/** Numbers that name a point series: mr13.4.1 of mr13.4.1.10. */
const SERIES_PLACES = 3;

/** Release tags among all tags of a repository, oldest first. */
export function releaseTags(tags: readonly string[]): readonly string[] {
  return tags.filter((tag) => parseVersion(tag) !== undefined).toSorted(compareVersions);
}

/**
 * `mr13.4.1.10` = that tag, `mr13.4.1`, `mr13.4` and `mr13` = the newest of it, `latest` = the newest of all.
 * @param tags any tags; those that are no releases do not count
 * @param source how the message names where the tags come from
 * @throws FleetError `usage`, code `unknown-version`, naming the nearest tags; code `version-form`
 */
export function resolveTag(wanted: string, tags: readonly string[], source: string): string {
  const releases = releaseTags(tags);
  const found = resolveVersion(wanted, releases);
  if (found !== undefined) return found;
  const near = nearestTags(wanted, releases);
  throw new FleetError({
    kind: 'usage',
    code: 'unknown-version',
    message:
      near.length === 0
        ? `${wanted}: ${source} has no release tag at all`
        : `${wanted}: no such tag upstream; nearest: ${near.join(', ')}`,
    hint: 'See all of them with --list-versions.',
    facts: { wanted, source, nearest: near.join(' ') },
  });
}

/**
 * The newest release before `wanted` and, of the point series that comes next after it, the newest.
 * @param releases oldest first
 */
export function nearestTags(wanted: string, releases: readonly string[]): readonly string[] {
  if (wanted === LATEST) return [];
  const before = releases.findLast((tag) => compareVersions(tag, wanted) < 0);
  const next = releases.find((tag) => compareVersions(tag, wanted) > 0);
  const after = next === undefined ? undefined : resolveVersion(seriesOf(next), releases);
  return [before, after].filter((tag) => tag !== undefined);
}

function seriesOf(tag: string): string {
  return tag.split('.').slice(0, SERIES_PLACES).join('.');
}
