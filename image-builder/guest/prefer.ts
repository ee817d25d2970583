/**
 * Google's packages out of Google's repository, whatever version Debian's have: the two number them differently. apt installs a
 * version that it is asked for by name, so the question names it; a priority (apt_preferences(5)) would need a word that tells
 * the two archives apart, and behind a mirror of both they share host and often suite. Pure.
 */
import { FleetError } from '../../lib/errors.ts';
import { parseMadison, wordPackage } from '../apt-text.ts';
import type { Package, Release, SignedSource } from '../packages.ts';

/** What is not in the repository comes from Debian, but for the first, for which it was named. */
const [AGENT, ...OTHERS] = ['google-guest-agent', 'google-compute-engine-oslogin'] as const;

export function isPreferred(name: string): boolean {
  return name === AGENT || OTHERS.some((other) => other === name);
}

/**
 * The version of each package that is to come from this repository: the newest that it has.
 * @param madison what `apt-cache madison` says of them: `name | version | URI suite/component architecture Packages`, newest first
 * @param names of packages that are preferred
 * @throws FleetError `usage`, code `no-guest-agent`: it does not have the agent
 */
export function preferredVersions(
  madison: string,
  { uri, suite }: Pick<SignedSource, 'uri' | 'suite'>,
  names: readonly string[],
): readonly Package[] {
  const place = `${plain(uri)} ${suite}/`;
  const ours = madison
    .split('\n')
    .filter((line) => plain(line.split('|')[2]?.trim() ?? '').startsWith(place));
  const offered = [...parseMadison(ours.join('\n'))].map((word) => word.split('=', 2));
  return names.flatMap((name) => {
    const version = offered.find(([each]) => each === name)?.[1];
    if (version !== undefined) return [{ name, version }];
    if (name === AGENT) throw noAgent(uri, suite);
    return [];
  });
}

/** As apt prints it (`file:/…` for `file:///…`). */
function plain(uri: string): string {
  return uri.replace(/^(file|copy):\/+/, '$1:/').replace(/\/+(?= |$)/, '');
}

/** The words for apt to install just the preferred packages' versions. @param packages among others, those */
export function exactly(
  { further }: Pick<Release, 'further'>,
  include: readonly string[],
  packages: readonly Package[],
): readonly string[] {
  if (further === undefined) return include;
  return include.map((name) => {
    const found = isPreferred(name) ? packages.find((item) => item.name === name) : undefined;
    return found === undefined ? name : wordPackage(found);
  });
}

/** The same for a tree that is planned. */
export function exactlyOf(tree: {
  readonly release: Release;
  readonly include: readonly string[];
  readonly packages: readonly Package[];
}): readonly string[] {
  return exactly(tree.release, tree.include, tree.packages);
}

function noAgent(repository: string, suite: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'no-guest-agent',
    message: `image.guestAgent: ${repository} has no ${AGENT} in its suite ${suite}`,
    hint: 'Name the suite that Google publishes the agent for this base in, or take Debian’s: image.guestAgent.from: debian.',
    facts: { repository, suite },
  });
}
