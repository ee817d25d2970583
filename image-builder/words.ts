/** What the builder tells a person at the end. Pure. */
import { hazardsOf, wordHazards } from '../lib/hazards.ts';
import type { BuildResult } from './build.ts';
import type { Json } from './digest.ts';
import type { ImagePlan } from './plan.ts';
import { type Step, wordSteps } from './plan-steps.ts';
import type { Publication } from './publication.ts';
import { wordSize } from './size.ts';

const STAGES = ['tools', 'tree', 'disk'] as const;

/** The inputs, every step, and what each stage would do. */
export function wordPlan(plan: ImagePlan, steps: readonly Step[]): string {
  const stages = STAGES.map((stage) => {
    const what = plan.cached[stage] ? 'cached, nothing to do' : 'to be made';
    return `  ${stage.padEnd(6)} ${plan.keys[stage].slice(0, 16)}  ${what}`;
  });
  return [
    `image    ${plan.image} (family ${plan.family})`,
    `version  ${plan.version} on ${plan.base}, ${plan.tree.packages.length} packages, ${plan.files.length} files of ours, ${plan.sizeGb} GiB`,
    `lock     ${wordLockState(plan.lock)}`,
    ...wordAdditions(plan),
    ...wordSteps(steps),
    'stages',
    ...stages,
    'files',
    ...plan.files.map(({ path }) => `  ${path}`),
    ...hazardLine(plan.version),
    '',
  ].join('\n');
}

/** What the fleet file adds to every image. */
function wordAdditions({ tree: { module, release }, signing }: ImagePlan): readonly string[] {
  return [
    ...(module === undefined
      ? []
      : [`kernel   ${module.module.name} for ${module.kernel.release}, from ${module.dkms}`]),
    ...(release.further === undefined
      ? []
      : [`agent    from ${release.further.uri}, signed by ${release.further.fingerprint}`]),
    ...(signing === undefined
      ? []
      : [`signer   certificate ${signing.digest.slice(0, 16)}, for Secure Boot`]),
  ];
}

function wordLockState(lock: ImagePlan['lock']): string {
  if (lock === undefined) return 'unlocked: the packages that the archive has today';
  const copies = lock.absent === 0 ? 'all in the cache' : `${lock.absent} of them still to be fetched`;
  return `${lock.file}: ${lock.packages} packages, ${copies}`;
}

/** The same for programs, with every package and file. */
export function planAsJson(plan: ImagePlan, steps: readonly Step[]): Json {
  const { image, family, version, base, sizeGb, keys, cached } = plan;
  const files = plan.files.map((file) => ({ ...file }));
  const lock = plan.lock === undefined ? null : { ...plan.lock };
  const module = plan.tree.module;
  const kernelModule =
    module === undefined
      ? null
      : { name: module.module.name, kernel: module.kernel.release, from: module.dkms };
  return {
    image,
    family,
    version,
    base,
    sizeGb,
    lock,
    steps: steps.map((step) => ({ ...step })),
    keys,
    cached,
    packages: plan.tree.packages,
    kernelModule,
    files,
  };
}

export function wordResult(result: BuildResult): string {
  const { manifest, output, publication } = result;
  const size = megabytes(manifest.archive.bytes);
  const lines = [
    `image     ${result.image}: RTPEngine ${result.version} on ${manifest.base}`,
    `archive   ${result.archive} (${size}, ${result.archiveState})`,
    ...(result.size === undefined ? [] : [`holds     ${wordSize(result.size)}`]),
    `sha256    ${manifest.archive.sha256}`,
    `manifest  ${result.manifestFile}`,
    `sbom      ${result.sbomFile}`,
  ];
  if (output !== undefined)
    lines.push(`${output.format.padEnd(8)}  ${output.file} (${megabytes(output.bytes)})`);
  lines.push(...hazardLine(result.version));
  if (publication !== undefined) {
    lines.push(`family    ${manifest.family}: ${PUBLISHED[publication.state]}`);
  }
  return `${lines.join('\n')}\n`;
}

const PUBLISHED: Readonly<Record<Publication['state'], string>> = {
  already: 'was promoted before, nothing to do',
  accepted: 'accepted, and not promoted: `pnpm image:promote` does that',
  promoted: 'accepted and promoted',
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

/** What is known to go wrong in this version, in one line; none when nothing is. */
function hazardLine(version: string): readonly string[] {
  const words = wordHazards(version, hazardsOf(version));
  return words === undefined ? [] : [`hazards   ${words}`];
}
