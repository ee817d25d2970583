/** The record of an image: what is in it, out of what it was made, how long that took. Checked against its schema before
 * it is written and after it is read. */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { ARCHITECTURES } from './architecture.ts';
import { buildFailed } from './command.ts';
import type { CompileRecord } from './compile/record.ts';
import { textDigest } from './digest.ts';
import type { ModuleRecord } from './kernel/record.ts';
import type { ManifestDiff } from './life/diff.ts';
import type { ImageFile } from './overlay.ts';
import type { Package } from './packages.ts';
import type { ImagePlan } from './plan.ts';
import { recipeDigest } from './recipe-digest.ts';
import type { Origin } from './supply.ts';

export type Manifest = {
  readonly format: 1;
  readonly image: string;
  readonly family: string;
  readonly version: string;
  readonly base: string;
  readonly source: Origin['source'];
  /** URL or path that RTPEngine's source or packages came from; Debian's archive has none. */
  readonly place?: string;
  /** Commit that was compiled. */
  readonly commit?: string;
  /** sha256 of the tarball or folder that was compiled, where there is no commit. */
  readonly content?: string;
  /** Where it was compiled here: seconds, and every package of the tree that it happened in. */
  readonly compile?: CompileRecord & { readonly key: string };
  /** Digest of the packages that were locked; absent: unlocked. */
  readonly lock?: string;
  readonly architecture: string;
  readonly diskGb: number;
  /** ISO 8601 */
  readonly builtAt: string;
  readonly keys: { readonly tools: string; readonly tree: string; readonly disk: string };
  /** Digest of the builder's code and settings, without packages and files; older records lack it. */
  readonly recipe?: string;
  readonly archive: { readonly bytes: number; readonly sha256: string };
  readonly disk: { readonly bytes: number; readonly sha256: string };
  readonly kernel: string;
  /** Absent: RTPEngine's kernel module is not in it. */
  readonly kernelModule?: ModuleRecord;
  readonly packages: readonly Package[];
  readonly files: readonly ManifestFile[];
  /** Seconds that each step took; a step that was cached is absent. */
  readonly seconds: Readonly<Record<string, number>>;
  /** What changed since the image that its family stood for when this one was published. */
  readonly since?: ManifestDiff;
};

export type ManifestFile =
  | { readonly path: string; readonly sha256: string }
  | { readonly path: string; readonly target: string };

/** What the disk step found out. */
export type DiskFacts = {
  readonly archive: Manifest['archive'];
  readonly disk: Manifest['disk'];
  readonly kernel: string;
  readonly kernelModule?: ModuleRecord;
  readonly packages: readonly Package[];
};

export function manifestOf(
  plan: ImagePlan,
  facts: DiskFacts,
  builtAt: string,
  seconds: Readonly<Record<string, number>>,
): Manifest {
  return {
    format: 1,
    image: plan.image,
    family: plan.family,
    version: plan.version,
    base: plan.base,
    ...originOf(plan),
    architecture: ARCHITECTURES[plan.architecture].gce,
    diskGb: plan.sizeGb,
    builtAt,
    keys: { ...plan.keys },
    recipe: recipeDigest(plan.sizeGb, plan.architecture),
    ...facts,
    files: plan.files.map(recordOf),
    seconds,
  };
}

/** What may differ between two builds of the same disk. */
export function originOf(
  plan: ImagePlan,
): Pick<Manifest, 'source' | 'place' | 'commit' | 'content' | 'compile' | 'lock'> {
  return { ...plan.origin, ...(plan.lock === undefined ? {} : { lock: plan.lock.digest }) };
}

/** What the record says of one of our files. */
export function recordOf(file: ImageFile): ManifestFile {
  if (file.kind === 'link') return { path: file.path, target: file.target };
  return { path: file.path, sha256: textDigest(file.content) };
}

const validator = (() => {
  const ajv = new Ajv({ allErrors: true });
  const schema = new URL('../configs/schemas/manifest.schema.json', import.meta.url);
  let compiled: ValidateFunction<Manifest> | undefined;
  return () => {
    compiled ??= ajv.compile<Manifest>(JSON.parse(readFileSync(schema, 'utf8')));
    return compiled;
  };
})();

/** @throws FleetError `stop`, code `manifest`: it is not what the schema says */
export function checkManifest(value: unknown): Manifest {
  const isManifest = validator();
  if (isManifest(value)) return value;
  const words = new Ajv().errorsText(isManifest.errors);
  throw buildFailed('manifest', `the image's manifest is not valid: ${words}`);
}
