/** Whether an image should be made anew: what it was made of, against what there is today. Pure. */
import { compareVersions, parseVersion } from '../../lib/version.ts';
import type { Manifest, ManifestFile } from '../manifest.ts';
import { diffFiles, type ManifestDiff } from './diff.ts';

/** What the archive has of a package today. */
export type Offer = {
  readonly version: string;
  /** It comes as a security update. */
  readonly security: boolean;
};

export type Today = {
  /** Tags of the repository that the image was compiled from, or the commit that its branch is at; absent: not compiled from git. */
  readonly upstream?: readonly string[];
  readonly offers: ReadonlyMap<string, Offer>;
  readonly files: readonly ManifestFile[];
  readonly recipe: string;
};

export type Newer = {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly security: boolean;
};

export type Outdated = {
  readonly image: string;
  readonly outdated: boolean;
  /** Version to build: the newest of the same series, else the one that it has. */
  readonly version: string;
  /** Absent: nothing newer, or nobody can tell. */
  readonly upstream?: { readonly before: string; readonly after: string };
  readonly packages: readonly Newer[];
  readonly files: ManifestDiff['files'];
  /** Whether the builder itself makes something else of the same inputs. */
  readonly recipe: boolean;
};

export function compareWithToday(manifest: Manifest, today: Today): Outdated {
  const upstream = newerUpstream(manifest, today.upstream ?? []);
  const packages = manifest.packages.flatMap(({ name, version }) => {
    const offer = today.offers.get(name);
    return offer === undefined || offer.version === version
      ? []
      : [{ name, before: version, after: offer.version, security: offer.security }];
  });
  const files = diffFiles(manifest.files, today.files);
  // A record from before recipes were in it cannot tell.
  const recipe = manifest.recipe !== undefined && manifest.recipe !== today.recipe;
  const changes = [
    upstream ? 1 : 0,
    packages.length,
    recipe ? 1 : 0,
    ...Object.values(files).map((list) => list.length),
  ];
  return {
    image: manifest.image,
    outdated: changes.some((count) => count > 0),
    version:
      upstream !== undefined && parseVersion(upstream.after) !== undefined
        ? upstream.after
        : manifest.version,
    ...(upstream === undefined ? {} : { upstream }),
    packages: packages.toSorted(
      (a, b) => Number(b.security) - Number(a.security) || (a.name < b.name ? -1 : 1),
    ),
    files,
    recipe,
  };
}

/** The newest tag of the same series (`mr13.4` of `mr13.4.1.10`), if it is newer; or another commit of the branch. */
function newerUpstream(
  { version, commit = '' }: Manifest,
  upstream: readonly string[],
): Outdated['upstream'] {
  const [only, second] = upstream;
  if (only !== undefined && second === undefined && /^[0-9a-f]{40}$/.test(only))
    return only === commit ? undefined : { before: commit, after: only };
  const [major, minor] = parseVersion(version) ?? [];
  const newest = upstream
    .filter((tag) => {
      const parts = parseVersion(tag);
      return parts?.length === 4 && parts[0] === major && parts[1] === minor;
    })
    .toSorted(compareVersions)
    .at(-1);
  return newest === undefined || compareVersions(newest, version) <= 0
    ? undefined
    : { before: version, after: newest };
}

export function wordOutdated(report: Outdated): string {
  const { image, upstream, packages, files, recipe } = report;
  if (!report.outdated) return `${image} is up to date\n`;
  const security = packages.filter((item) => item.security).length;
  const lines = [
    `${image} is outdated`,
    ...(upstream === undefined ? [] : [`  upstream  ${upstream.before} → ${upstream.after}`]),
    ...(packages.length === 0
      ? []
      : [`  packages  ${packages.length} newer, ${security} of them security updates`]),
    ...packages.map(
      (item) => `    ${item.name}  ${item.before} → ${item.after}${item.security ? '  security' : ''}`,
    ),
    ...(['changed', 'added', 'removed'] as const).flatMap((how) =>
      files[how].map((path) => `  file ${how}  ${path}`),
    ),
    ...(recipe ? ['  recipe    the builder makes its disks in another way now'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** `apt-cache madison`: ` name | version | source suite/component …`, the newest version of each package first. */
export function parseOffers(text: string): ReadonlyMap<string, Offer> {
  const offers = new Map<string, Offer>();
  for (const line of text.split('\n')) {
    const [name = '', version = '', source = ''] = line.split('|').map((word) => word.trim());
    if (version === '' || !source.endsWith(' Packages')) continue;
    const security = /-security\//.test(source);
    const known = offers.get(name);
    if (known === undefined) offers.set(name, { version, security });
    else if (known.version === version && security) offers.set(name, { version, security });
  }
  return offers;
}
