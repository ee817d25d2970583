/** What an image's tree and the tools tree are made of, before they are made: by what an archive has, or by a lock. */
import type { Fleet } from '../configs/fleet.ts';
import { FleetError } from '../lib/errors.ts';
import { resolveVersion, versionOfDebian } from '../lib/version.ts';
import { USUAL } from './architecture.ts';
import { BASES, type BaseName, TOOLS_CODENAME, toolsFor } from './bases.ts';
import type { Cache } from './cache.ts';
import type { Shop } from './command.ts';
import { guestPackages } from './guest/agent.ts';
import { type ModulePlan, planModule } from './kernel/compile.ts';
import { firewallPackages } from './kernel/names.ts';
import type { FleetMirrors } from './mirrors.ts';
import {
  type ArchivePackage,
  openIndex,
  type Package,
  type PackageIndex,
  type Release,
  type Resolver,
  type SignedSource,
} from './packages.ts';
import { imagePackages, releaseOf, type Supply } from './supply.ts';

/** A tree before it is made: what is asked for, and all that comes of it. */
export type PlannedTree = {
  readonly release: Release;
  readonly include: readonly string[];
  readonly packages: readonly ArchivePackage[];
};

/** `module`: RTPEngine's kernel module; absent: the image forwards in user space only. */
export type ImageTree = PlannedTree & { readonly module?: ModulePlan };

export type PlannedTrees = {
  readonly version: string;
  readonly tree: ImageTree;
  readonly tools: PlannedTree;
};

/** One of each for the image and for the tools tree. */
export type Both<T> = { readonly image: T; readonly tools: T };

/** @param further repository that the image takes packages from besides Debian's */
export function releasesOf(
  fleet: Fleet,
  supply: Supply,
  mirrors: FleetMirrors,
  further?: SignedSource,
): Both<Release> {
  const { base, architecture } = fleet.image;
  const release = releaseOf(BASES[base].codename, mirrors.image, supply);
  const other = architecture === USUAL ? {} : { architecture };
  return {
    image: { ...release, ...other, ...(further === undefined ? {} : { further }) },
    tools: { codename: TOOLS_CODENAME, mirrors: mirrors.tools, ...other },
  };
}

/** Both at once; of the same release the archive is asked once. */
export async function openIndexes(
  shop: Shop,
  cache: Cache,
  { image, tools }: Both<Release>,
): Promise<Both<PackageIndex>> {
  if (image.codename !== tools.codename || image.further !== undefined) {
    const [one, other] = await Promise.all([openIndex(shop, cache, image), openIndex(shop, cache, tools)]);
    return { image: one, tools: other };
  }
  const index = await openIndex(shop, cache, tools);
  return {
    image: image.local === undefined ? index : await openIndex(shop, cache, image, index),
    tools: index,
  };
}

/** @throws FleetError `usage`, code `unknown-version`: the base does not offer this version */
export async function planTrees(
  { image, tools }: Both<Resolver>,
  fleet: Fleet,
  supply: Supply,
): Promise<PlannedTrees> {
  const { version, ...tree } = await planTree(image, fleet, supply);
  const include = toolsFor(fleet.image.architecture);
  const packages = await tools.resolve(include);
  return {
    version,
    tree: { release: image.release, ...tree },
    tools: { release: tools.release, include, packages },
  };
}

/** What the tree holds. Which packages that are depends on the version once the kernel is to forward. */
async function planTree(index: Resolver, fleet: Fleet, supply: Supply) {
  const { base, architecture } = fleet.image;
  if (supply.kind === 'debian' && !BASES[base].hasRtpengine) throw noVersion(fleet.image.version, base);
  const include = [...imagePackages(supply, base, architecture), ...guestPackages(fleet)];
  const packages = await index.resolve(include);
  const version = suppliedVersion(fleet, supply, packages);
  if (fleet.rtpengine.kernel === 'off') return { version, include, packages };
  const daemon = supply.kind === 'debs' ? supply.daemon : 'rtpengine-daemon';
  const more = firewallPackages(version, daemon);
  const all = [...include, ...more];
  const allPackages = more.length === 0 ? packages : await index.resolve(all);
  const module = await planModule({ index, version, daemon, packages: allPackages });
  return { version, include: all, packages: allPackages, module };
}

/** The version of the packages that are at hand, or of those that the archive has. */
function suppliedVersion(fleet: Fleet, supply: Supply, packages: readonly Package[]): string {
  if (supply.kind === 'debs') return supply.version;
  return offeredVersion(fleet.image.version, fleet.image.base, packages);
}

/** The full version that the base's package has, if it is the one that is wanted. Pure. */
export function offeredVersion(wanted: string, base: BaseName, packages: readonly Package[]): string {
  const debian = packages.find((item) => item.name === 'rtpengine-daemon')?.version;
  const offered = debian === undefined ? undefined : versionOfDebian(debian);
  const found = offered === undefined ? undefined : resolveVersion(wanted, [offered]);
  if (found !== undefined) return found;
  throw noVersion(wanted, base, offered);
}

function noVersion(wanted: string, base: BaseName, offered?: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'unknown-version',
    message: `${wanted}: ${base} has ${offered ?? 'no RTPEngine'}`,
    hint:
      offered === undefined
        ? 'Compile it, for example with --source git, or name another base with --base.'
        : 'Ask for the version that the base has, or name another base with --base.',
    facts: { wanted, base, offered },
  });
}
