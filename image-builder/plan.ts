/** What a build would do, worked out before anything is made: version, packages, files, the key of every stage. */
import type { Fleet } from '../configs/fleet.ts';
import { imageFamily, imageName } from '../configs/naming.ts';
import { FleetError } from '../lib/errors.ts';
import { resolveVersion, versionOfDebian } from '../lib/version.ts';
import { BASES, type BaseName, EPOCH, TOOLS_CODENAME, TOOLS_PACKAGES } from './bases.ts';
import { type Cache, isCached, type StageName } from './cache.ts';
import type { Shop } from './command.ts';
import { DEBIAN, imagePackages, type Origin, releaseOf, type Supply } from './compile/supply.ts';
import { digestOf } from './digest.ts';
import { codeDigest } from './file-digest.ts';
import { treeKey } from './image-tree.ts';
import { type ModulePlan, planModule } from './kernel/compile.ts';
import { firewallPackages } from './kernel/names.ts';
import type { ImageFile } from './overlay.ts';
import { openIndex, type Package, type PackageIndex, type Release } from './packages.ts';
import { imageFiles } from './recipe.ts';
import { debianMirrors, hostCodename, readHostSources } from './sources.ts';
import { toolsKey } from './tools.ts';

export type ImagePlan = {
  /** Name of the image on GCE: version, base and the first digits of the disk's key. */
  readonly image: string;
  readonly family: string;
  readonly version: string;
  readonly base: BaseName;
  readonly sizeGb: number;
  readonly tree: {
    readonly release: Release;
    readonly include: readonly string[];
    readonly packages: readonly Package[];
    /** RTPEngine's kernel module; absent: the image forwards in user space only. */
    readonly module?: ModulePlan;
  };
  readonly origin: Origin;
  readonly tools: { readonly release: Release; readonly packages: readonly Package[] };
  readonly files: readonly ImageFile[];
  readonly keys: Readonly<Record<StageName, string>>;
  readonly cached: Readonly<Record<StageName, boolean>>;
};

/** Code that decides what is on the disk besides packages and files. */
const DISK_CODE = ['disk.ts', 'layout.ts', 'bios.ts', 'overlay.ts'];

/**
 * @throws FleetError `usage`, code `unknown-version`: the base does not offer this version
 */
export async function planImage(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  supply: Supply = DEBIAN,
): Promise<ImagePlan> {
  const mirrors = debianMirrors(readHostSources(), hostCodename());
  const release = releaseOf(BASES[fleet.image.base].codename, mirrors, supply);
  const toolsRelease = { codename: TOOLS_CODENAME, mirrors };
  const [index, toolsIndex] = await openIndexes(shop, cache, [release, toolsRelease]);
  const { version, ...tree } = await planTree(index, fleet, supply);
  const toolsPackages = await toolsIndex.resolve(TOOLS_PACKAGES);
  const files = imageFiles(fleet, version);
  const keys = stageKeys({ release, ...tree, toolsPackages, files, sizeGb: fleet.image.sizeGb });
  return {
    image: imageName(version, fleet.image.base, keys.disk),
    family: imageFamily(fleet.name),
    version,
    base: fleet.image.base,
    sizeGb: fleet.image.sizeGb,
    tree: { release, ...tree },
    origin: supply.origin,
    tools: { release: toolsRelease, packages: toolsPackages },
    files,
    keys,
    cached: {
      tools: isCached(cache, 'tools', keys.tools),
      tree: isCached(cache, 'tree', keys.tree),
      disk: isCached(cache, 'disk', keys.disk),
    },
  };
}

/** What the tree holds. Which packages that are depends on the version once the kernel is to forward. */
async function planTree(index: PackageIndex, fleet: Fleet, supply: Supply) {
  const include = imagePackages(supply);
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

/** Both at once; one index for both when they are of the same release. */
async function openIndexes(
  shop: Shop,
  cache: Cache,
  [image, tools]: readonly [Release, Release],
): Promise<readonly [PackageIndex, PackageIndex]> {
  if (image.codename !== tools.codename || image.local !== undefined) {
    return await Promise.all([openIndex(shop, cache, image), openIndex(shop, cache, tools)]);
  }
  const index = await openIndex(shop, cache, image);
  return [index, index];
}

/** Everything that decides what an image is. */
export type StageInputs = {
  readonly release: Release;
  readonly include: readonly string[];
  readonly packages: readonly Package[];
  readonly module?: ModulePlan;
  readonly toolsPackages: readonly Package[];
  readonly files: readonly ImageFile[];
  readonly sizeGb: number;
};

/** The key of each stage: a digest of all that goes into it, so that the same key means the same result. Pure but for
 * the digest of our own code. */
export function stageKeys(inputs: StageInputs): Readonly<Record<StageName, string>> {
  const tools = toolsKey(inputs.toolsPackages);
  const tree = treeKey(inputs.release, inputs.packages, inputs.include, inputs.module);
  const { files, sizeGb } = inputs;
  const disk = digestOf({ code: codeDigest(DISK_CODE), epoch: EPOCH, tools, tree, files, sizeGb });
  return { tools, tree, disk };
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
  throw new FleetError({
    kind: 'usage',
    code: 'unknown-version',
    message: `${wanted}: ${base} has ${offered ?? 'no RTPEngine'}`,
    hint: 'Ask for the version that the base has, or name another base with --base.',
    facts: { wanted, base, offered },
  });
}
