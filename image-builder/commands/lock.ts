/** The command `lock`: which packages an image is made of, written beside the fleet file, with copies in the cache. */
import type { Fleet } from '../../configs/fleet.ts';
import { USUAL } from '../architecture.ts';
import { checkArmRecipe } from '../arm64.ts';
import type { Cache } from '../cache.ts';
import type { Shop } from '../command.ts';
import type { CompileOrder } from '../compile/compile.ts';
import { findOrder } from '../compile/order.ts';
import { compiledDebs, findSupply } from '../compile/supply.ts';
import { agentSource } from '../guest/agent.ts';
import { buildTree } from '../lock/build-tree.ts';
import { poolOf, wordChanges, wordSystem } from '../lock/difference.ts';
import {
  type LockedTree,
  lockFileOf,
  readLock,
  type SystemLock,
  systemOf,
  withSystem,
  writeLock,
} from '../lock/lock-file.ts';
import { fillPool } from '../lock/pool.ts';
import { lockOf } from '../lock/take.ts';
import { findMirrors } from '../mirrors.ts';
import { QEMU_TOOLS } from '../outputs/qcow2.ts';
import type { Resolver } from '../packages.ts';
import type { Progress } from '../progress.ts';
import { DEBIAN } from '../supply.ts';
import { openIndexes, planTrees, releasesOf } from '../trees.ts';
import { inShop, type ShopWords } from './shop.ts';

export type LockWords = ShopWords & { readonly update?: boolean };

/** @returns the exit code; throws FleetError for everything that is not 0 */
export async function runLock(words: LockWords): Promise<number> {
  const file = lockFileOf(words.fleet);
  return await inShop(words, async (shop, cache, fleet, progress) => {
    checkArmRecipe(fleet);
    const lock = readLock(file);
    const before = systemOf(lock, fleet.image.base);
    const after = await takeLock(shop, cache, fleet, progress);
    const kept = before === undefined || words.update === true ? after : before;
    await keepCopies(shop, cache, fleet, kept, progress);
    if (kept === after) writeLock(file, withSystem(lock, after));
    return wordOutcome(file, before, after, kept === after);
  });
}

/** What the archive has today. Source is compiled in the very tree that gets locked, since only that says what it makes. */
async function takeLock(shop: Shop, cache: Cache, fleet: Fleet, progress: Progress): Promise<SystemLock> {
  const mirrors = await findMirrors(shop, cache, fleet.image.base);
  const { base } = fleet.image;
  const order = await findOrder(shop, cache, fleet);
  const build =
    order === undefined
      ? undefined
      : await progress("Ask Debian's archive for what the compile needs", () =>
          buildTree(shop, cache, order),
        );
  const supply =
    order === undefined || build === undefined
      ? await findSupply(shop, cache, fleet, progress)
      : await compiledDebs(shop, cache, lockedOrder(order, build), fleet, progress);
  return await progress(`Ask Debian's archive for the packages of ${base}`, async () => {
    const indexes = await openIndexes(
      shop,
      cache,
      releasesOf(fleet, supply, mirrors, agentSource(cache, fleet)),
    );
    const planned = await planTrees(indexes, fleet, supply);
    const qemu = fleet.image.architecture === USUAL ? await lockQemu(indexes.tools) : undefined;
    return lockOf(base, planned, supply, {
      ...(build === undefined ? {} : { build }),
      ...(qemu === undefined ? {} : { qemu }),
    });
  });
}

async function lockQemu(tools: Resolver): Promise<LockedTree> {
  return { include: QEMU_TOOLS, packages: await tools.resolve(QEMU_TOOLS) };
}

function lockedOrder(order: CompileOrder, { packages }: LockedTree): CompileOrder {
  return { ...order, release: { ...order.release, locked: packages } };
}

async function keepCopies(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  system: SystemLock,
  progress: Progress,
): Promise<void> {
  const mirrors = await findMirrors(shop, cache, fleet.image.base);
  const releases = releasesOf(fleet, DEBIAN, mirrors, agentSource(cache, fleet));
  await progress('Keep a copy of each package', async () => {
    const trees = [system.image, system.module, system.build];
    await fillPool(shop, cache, releases.image, poolOf(trees));
    await fillPool(shop, cache, releases.tools, poolOf([system.tools, system.qemu]));
  });
}

function wordOutcome(
  file: string,
  before: SystemLock | undefined,
  after: SystemLock,
  isWritten: boolean,
): string {
  if (before === undefined) return `${file}: written\n${wordSystem(after)}\n`;
  const changes = wordChanges(before, after);
  if (isWritten || changes === 'nothing changed') return `${file}: ${wordSystem(after)}\n${changes}\n`;
  return `${file}: kept as it is; --update would change it by\n${changes}\n`;
}
