/** What a build would do, worked out before anything is made: version, packages, files, the key of every stage. */

import type { Fleet } from '../configs/fleet.ts';
import { imageFamily, imageName } from '../configs/naming.ts';
import type { ArchitectureName } from './architecture.ts';
import { type BaseName, EPOCH } from './bases.ts';
import { type Cache, isCached, type StageName } from './cache.ts';
import type { Shop } from './command.ts';
import { digestOf } from './digest.ts';
import { codeDigest } from './file-digest.ts';
import { checkFloating } from './floating.ts';
import { agentSource } from './guest/agent.ts';
import { exactlyOf } from './guest/prefer.ts';
import { treeKey } from './image-tree.ts';
import { type ModulePlan, signedModule } from './kernel/compile.ts';
import type { LockedTree } from './lock/lock-file.ts';
import { checkLock, type LockState, lockedResolvers, lockState, type UsedLock } from './lock/use.ts';
import { findMirrors } from './mirrors.ts';
import type { ImageFile } from './overlay.ts';
import type { ArchivePackage, Release } from './packages.ts';
import { imageFiles } from './recipe.ts';
import { type Signing, signingOf } from './secure-boot.ts';
import { DEBIAN, type Origin, type Supply } from './supply.ts';
import { toolsKey } from './tools.ts';
import { type ImageTree, openIndexes, type PlannedTree, planTrees, releasesOf } from './trees.ts';

export type ImagePlan = {
  /** Name of the image on GCE: version, base and the first digits of the disk's key. */
  readonly image: string;
  readonly family: string;
  readonly version: string;
  readonly base: BaseName;
  readonly architecture: ArchitectureName;
  readonly sizeGb: number;
  readonly tree: ImageTree;
  readonly origin: Origin;
  /** Absent: no Secure Boot. */
  readonly signing?: Signing;
  /** Absent: unlocked, the archive's packages of today. */
  readonly lock?: LockState & { readonly file: string };
  /** What the lock has for the tree that makes a qcow2. */
  readonly qemu?: LockedTree;
  readonly tools: PlannedTree;
  readonly files: readonly ImageFile[];
  readonly keys: Readonly<Record<StageName, string>>;
  readonly cached: Readonly<Record<StageName, boolean>>;
};

/** Code that decides what is on the disk besides packages and files. */
const DISK_CODE = ['architecture.ts', 'disk.ts', 'esp.ts', 'sign.ts', 'layout.ts', 'bios.ts', 'overlay.ts'];

/** Raised when another file is kept beside a disk: an entry without it must not be taken. */
const BESIDE_DISK = 2;

/**
 * @throws FleetError `usage`, code `unknown-version`: the base does not offer this version; code `no-floating-addresses`: see checkFloating
 */
export async function planImage(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  supply: Supply = DEBIAN,
  lock?: UsedLock,
): Promise<ImagePlan> {
  const mirrors = await findMirrors(shop, cache, fleet.image.base);
  const releases = releasesOf(fleet, supply, mirrors, agentSource(cache, fleet));
  const resolvers =
    lock === undefined ? await openIndexes(shop, cache, releases) : lockedResolvers(lock, releases, supply);
  const signing = signingOf(fleet, new Date());
  const { version, tools, ...planned } = await planTrees(resolvers, fleet, supply);
  checkFloating(fleet, version);
  const tree = signing === undefined ? planned.tree : withSignature(planned.tree, signing);
  if (lock !== undefined) checkLock(lock, tree, tools);
  const files = imageFiles(fleet, version);
  const { sizeGb, architecture } = fleet.image;
  const signer = signing === undefined ? {} : { signer: signing.digest };
  const keys = stageKeys({ ...tree, toolsPackages: tools.packages, files, sizeGb, ...signer });
  return {
    image: imageName(version, fleet.image.base, keys.disk, architecture),
    family: imageFamily(fleet.name),
    version,
    base: fleet.image.base,
    architecture,
    sizeGb,
    tree,
    origin: supply.origin,
    ...(signing === undefined ? {} : { signing }),
    ...(lock === undefined ? {} : { lock: { file: lock.file, ...lockState(cache, lock.system) } }),
    ...(lock?.system.qemu === undefined ? {} : { qemu: lock.system.qemu }),
    tools,
    files,
    keys,
    cached: {
      tools: isCached(cache, 'tools', keys.tools),
      tree: isCached(cache, 'tree', keys.tree),
      disk: isCached(cache, 'disk', keys.disk),
    },
  };
}

/** Under Secure Boot the kernel takes a module only with a signature that it trusts. */
function withSignature(tree: ImageTree, signing: Signing): ImageTree {
  return tree.module === undefined ? tree : { ...tree, module: signedModule(tree.module, signing) };
}

/** Everything that decides what an image is. */
export type StageInputs = {
  readonly release: Release;
  readonly include: readonly string[];
  readonly packages: readonly ArchivePackage[];
  readonly module?: ModulePlan;
  readonly toolsPackages: readonly ArchivePackage[];
  readonly files: readonly ImageFile[];
  readonly sizeGb: number;
  /** Digest of the certificate that signs what firmware starts. */
  readonly signer?: string;
};

/** The key of each stage: a digest of all that goes into it, so that the same key means the same result. Pure but for
 * the digest of our own code. */
export function stageKeys(inputs: StageInputs): Readonly<Record<StageName, string>> {
  const tools = toolsKey(inputs.release, inputs.toolsPackages);
  const tree = treeKey(inputs.release, inputs.packages, exactlyOf(inputs), inputs.module);
  const { files, sizeGb, signer } = inputs;
  const signed = signer === undefined ? {} : { signer };
  const beside = BESIDE_DISK;
  const disk = digestOf({
    code: codeDigest(DISK_CODE),
    epoch: EPOCH,
    tools,
    tree,
    files,
    sizeGb,
    beside,
    ...signed,
  });
  return { tools, tree, disk };
}
