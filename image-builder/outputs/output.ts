/** The same image in other forms than GCE's: made from what the disk stage has, kept in the cache beside it. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Cache, cached, prune, remove, workFolder } from '../cache.ts';
import type { Shop } from '../command.ts';
import { digestOf } from '../digest.ts';
import { codeDigest, fileDigest } from '../file-digest.ts';
import { exactlyOf } from '../guest/prefer.ts';
import { imageTree } from '../image-tree.ts';
import { lockedRelease, staleLock } from '../lock/use.ts';
import { openIndex } from '../packages.ts';
import type { ImagePlan } from '../plan.ts';
import { type Bench, toolsKey, toolsTree } from '../tools.ts';
import type { PlannedTree } from '../trees.ts';
import { makeOci, CODE as OCI_CODE } from './oci.ts';
import { makeQcow2, CODE as QCOW2_CODE, QEMU_TOOLS } from './qcow2.ts';

/** `qcow2`: a disk for QEMU, UTM and hosts of one's own. `oci`: the system without kernel as a container image. */
export const OUTPUTS = ['qcow2', 'oci'] as const;
export type OutputFormat = (typeof OUTPUTS)[number];

export type Output = {
  readonly format: OutputFormat;
  /** Absolute path in the cache. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
};

/** @param archive the finished `disk.tar.gz` of this plan */
export async function makeOutput(
  shop: Shop,
  cache: Cache,
  plan: ImagePlan,
  archive: string,
  format: OutputFormat,
): Promise<Output> {
  const code = codeDigest(format === 'oci' ? OCI_CODE : QCOW2_CODE);
  const tools = format === 'oci' ? plan.tools : await qemuTools(shop, cache, plan);
  const made = toolsKey(tools.release, tools.packages);
  const key = digestOf({ format, code, disk: plan.keys.disk, tools: made });
  const folder = await cached(shop, cache, 'output', key, async (draft) => {
    const work = workFolder(cache, format);
    const bench = { tree: await toolsTree(shop, cache, tools), work };
    await fill(shop, cache, plan, { archive, format, draft, bench });
    await remove(shop, [work]);
  });
  await prune(shop, cache, 'output', [key]);
  const [name = ''] = readdirSync(folder);
  const file = join(folder, name);
  return { format, file, bytes: statSync(file).size, sha256: await fileDigest(file) };
}

type Job = {
  readonly archive: string;
  readonly format: OutputFormat;
  /** Gets the one file. */
  readonly draft: string;
  /** Its work folder is removed afterwards. */
  readonly bench: Bench;
};

async function fill(shop: Shop, cache: Cache, plan: ImagePlan, job: Job): Promise<void> {
  const { archive, format, draft, bench } = job;
  switch (format) {
    case 'qcow2':
      await makeQcow2(shop, bench, archive, join(draft, `${plan.image}.qcow2`));
      return;
    case 'oci': {
      const { tree } = plan;
      const system = await imageTree(shop, cache, tree.release, tree.packages, exactlyOf(tree));
      await makeOci(shop, bench, plan, system, join(draft, `${plan.image}.oci.tar`));
      return;
    }
    default:
      return format satisfies never;
  }
}

/**
 * A tree of its own, since few want it: out of the lock, where there is one.
 * @throws FleetError `usage`, code `stale-lock`: the lock knows of no such tree
 */
async function qemuTools(shop: Shop, cache: Cache, { tools, lock, qemu }: ImagePlan): Promise<PlannedTree> {
  const { codename, mirrors } = tools.release;
  const open = { codename, mirrors };
  if (lock === undefined) {
    const index = await openIndex(shop, cache, open);
    return { release: open, include: QEMU_TOOLS, packages: await index.resolve(QEMU_TOOLS) };
  }
  if (qemu === undefined) throw staleLock(lock.file, '+ the tree for qcow2');
  const release = lockedRelease(lock.file, open, qemu, QEMU_TOOLS);
  return { release, include: QEMU_TOOLS, packages: qemu.packages };
}
