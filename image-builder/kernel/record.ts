/** What the record of an image says of RTPEngine's kernel module in it. */
import { join } from 'node:path';
import type { Shop } from '../command.ts';
import { fileDigest } from '../file-digest.ts';
import { type Bench, runTool } from '../tools.ts';
import type { ModulePlan } from './compile.ts';

export type ModuleRecord = {
  readonly name: string;
  /** Release of the one kernel that it was built for and loads into. */
  readonly kernel: string;
  /** Package that its source came in, `name=version`. */
  readonly from: string;
  readonly path: string;
  /** Of the file in the image. */
  readonly sha256: string;
  /** Digest of the certificate that it is signed with; absent: it is not signed. */
  readonly signer?: string;
};

/** Where modprobe finds it before any module of the kernel's own package. Pure. */
export function modulePath({ module, kernel }: Pick<ModulePlan, 'module' | 'kernel'>): string {
  return `/usr/lib/modules/${kernel.release}/updates/${module.name}.ko`;
}

/** @param archive name of the tree's tar in the work folder of `bench`: its file counts, not what a plan promised */
export async function recordModule(
  shop: Shop,
  bench: Bench,
  archive: string,
  plan: ModulePlan,
): Promise<ModuleRecord> {
  const path = modulePath(plan);
  await runTool(shop, bench, ['bsdtar', '--extract', '--file', archive, `--include=.${path}`]);
  return {
    name: plan.module.name,
    kernel: plan.kernel.release,
    from: plan.dkms,
    path,
    sha256: await fileDigest(join(bench.work, path)),
    ...(plan.signing === undefined ? {} : { signer: plan.signing.digest }),
  };
}
