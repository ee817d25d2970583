/** RTPEngine's kernel module: built from the source in its DKMS package for the very kernel of an image, in a clean tree
 * that is gone afterwards. Headers, compiler and DKMS never get into an image. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FleetError, isFleetError } from '../../lib/errors.ts';
import { EPOCH } from '../bases.ts';
import { type Cache, cached } from '../cache.ts';
import { buildFailed, type Shop } from '../command.ts';
import { scratchTreeCommand } from '../compile/compile.ts';
import { tellingLines } from '../compile/failure.ts';
import { digestOf } from '../digest.ts';
import { codeDigest } from '../file-digest.ts';
import { installLines } from '../lock/pool.ts';
import { runWithAllIds } from '../namespace.ts';
import { type ArchivePackage, type Package, type Release, type Resolver, sourceLines } from '../packages.ts';
import type { Signing } from '../secure-boot.ts';
import { type Kernel, type KernelModule, kernelModuleOf, kernelOf } from './names.ts';

/** A module that is to be built, or was. */
export type ModulePlan = {
  readonly module: KernelModule;
  readonly kernel: Kernel;
  /** The package that holds the module's source: `name=version`. */
  readonly dkms: string;
  readonly release: Release;
  /** What the tree needs in which it is built, and what that comes to. */
  readonly include: readonly string[];
  readonly packages: readonly ArchivePackage[];
  /** Whose signature it gets, for a kernel under Secure Boot; absent: nobody's. */
  readonly signing?: Signing;
  readonly key: string;
};

const CODE = ['kernel/compile.ts', 'kernel/build-module'];
/** In the folder of a build: the certificate of who signs the module. */
const CERTIFICATE = 'sign.pem';
const HOOK = join(import.meta.dirname, 'build-module');

export type ModuleOrder = {
  readonly index: Resolver;
  readonly version: string;
  /** The daemon's package, whose DKMS package has the same version. */
  readonly daemon: string;
  /** Packages of the image. */
  readonly packages: readonly Package[];
};

/**
 * Works out what it takes to build the module for an image.
 * @throws FleetError `stop`, code `no-kernel-headers`: the archive has no headers of just this kernel
 */
export async function planModule({ index, version, daemon, packages }: ModuleOrder): Promise<ModulePlan> {
  const kernel = kernelOf(packages);
  const daemonVersion = packages.find(({ name }) => name === daemon)?.version;
  if (kernel === undefined || daemonVersion === undefined)
    throw buildFailed('kernel', 'an image that forwards in the kernel needs just one kernel');
  const include = ['make', 'kmod', `linux-headers-${kernel.release}=${kernel.version}`];
  const sourceName = daemon.replace(/-daemon$/, '-kernel-dkms');
  const dkms = `${sourceName}=${daemonVersion}`;
  const module = kernelModuleOf(version);
  const headers = await headersAt(index, include, kernel);
  const source = await index.describe([{ name: sourceName, version: daemonVersion }]);
  const plan = { module, kernel, dkms, release: index.release, include, packages: [...headers, ...source] };
  return { ...plan, key: moduleKey(plan) };
}

/** The same module with a signature. Pure but for the digest of our own code. */
export function signedModule(plan: ModulePlan, signing: Signing): ModulePlan {
  const signed = { ...plan, signing };
  return { ...signed, key: moduleKey(signed) };
}

export function moduleKey(plan: Omit<ModulePlan, 'key'>): string {
  const { codename, mirrors, local } = plan.release;
  return digestOf({
    code: codeDigest(CODE),
    epoch: EPOCH,
    sources: sourceLines({ codename, mirrors }),
    local: local?.digest ?? null,
    module: plan.module.name,
    kernel: plan.kernel,
    dkms: plan.dkms,
    include: plan.include,
    packages: plan.packages,
    ...(plan.signing === undefined ? {} : { signer: plan.signing.digest }),
  });
}

async function headersAt(
  index: Resolver,
  include: readonly string[],
  kernel: Kernel,
): Promise<readonly ArchivePackage[]> {
  try {
    return await index.resolve(include);
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    const what = `no headers of kernel ${kernel.release} ${kernel.version}, which the image has`;
    throw buildFailed('no-kernel-headers', `the archive has ${what}`, error);
  }
}

/** @returns the module's file */
export async function compileModule(shop: Shop, cache: Cache, plan: ModulePlan): Promise<string> {
  const { name } = plan.module;
  const folder = await cached(shop, cache, 'module', plan.key, async (draft) => {
    const work = join(draft, 'work');
    mkdirSync(join(work, 'tmp'), { recursive: true });
    await build(shop, cache, plan, work);
    const vermagic = readFileSync(join(work, 'vermagic'), 'utf8').trim();
    if (!vermagic.startsWith(`${plan.kernel.release} `))
      throw buildFailed(
        'kernel-module',
        `${name} was built for kernel ${vermagic}, not ${plan.kernel.release}`,
      );
    renameSync(join(work, `${name}.ko`), join(draft, `${name}.ko`));
    rmSync(work, { recursive: true });
  });
  return join(folder, `${name}.ko`);
}

async function build(shop: Shop, cache: Cache, plan: ModulePlan, work: string): Promise<void> {
  const signer = plan.signing === undefined ? [] : [plan.signing.keyFile, join(work, CERTIFICATE)];
  if (plan.signing !== undefined) writeFileSync(join(work, CERTIFICATE), plan.signing.certificate);
  const words = [HOOK, plan.dkms, plan.module.name, plan.kernel.release, work, ...signer];
  const [program, ...rest] = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const hook = `sh ${program} "$1" ${rest.join(' ')}`;
  const lines = await installLines(shop, cache, plan.release, join(work, 'packages'));
  const command = scratchTreeCommand(plan.release, lines, plan.include, hook);
  const env = { SOURCE_DATE_EPOCH: String(EPOCH), TMPDIR: join(work, 'tmp') };
  try {
    await runWithAllIds(shop, command, { env });
  } catch (error) {
    const log = join(work, 'module.log');
    if (!isFleetError(error) || error.kind === 'interrupted' || !existsSync(log)) throw error;
    throw moduleFailed(shop, plan, log, error);
  }
}

/** The log goes where the build's own log is: the work folder is not kept. */
function moduleFailed(shop: Shop, plan: ModulePlan, log: string, cause: FleetError): FleetError {
  const kept = join(dirname(shop.log), `${basename(shop.log, '.log')}-module.log`);
  copyFileSync(log, kept);
  const what = `${plan.module.name} of ${plan.dkms} does not compile for kernel ${plan.kernel.release}`;
  return new FleetError({
    kind: 'stop',
    code: 'module-failed',
    message: [`${what}:`, ...tellingLines(readFileSync(log, 'utf8'))].join('\n    '),
    hint: `The whole log is ${kept}. Without it, rtpengine.kernel: off makes an image that forwards in user space.`,
    facts: { log: kept, module: plan.module.name, kernel: plan.kernel.release },
    cause,
  });
}
