/** Every step of a build in its order, as `--plan` says them. Pure. */
import type { Fleet } from '../configs/fleet.ts';
import { imageFamily } from '../configs/naming.ts';
import { parseSource } from './versions/source.ts';

export type Step = { readonly what: string; readonly state: 'to be done' | 'done before' };

/** What of a build was done before. */
export type Done = {
  readonly compile: boolean;
  readonly tools: boolean;
  readonly tree: boolean;
  readonly disk: boolean;
};

/** What of a build is still to be said, beside its fleet file. */
export type Aim = {
  readonly done: Done;
  readonly output?: string;
  /** Absent: the image stays in the cache. */
  readonly publish?: { readonly depth: 'call' | 'boot'; readonly promote: boolean; readonly pin: boolean };
  /** Where its archive and its record go. */
  readonly bucket: string;
};

/** Nothing is asked of the cloud for it, so of a publication each step is said, also one that was done by an earlier run. */
export function stepsOf(fleet: Fleet, { done, output, publish, bucket }: Aim): readonly Step[] {
  const step = (what: string, isDone = false): Step => ({
    what,
    state: isDone ? 'done before' : 'to be done',
  });
  const { kind } = parseSource(fleet.image.source);
  const isCode = kind !== 'debian' && kind !== 'debs';
  const tests = fleet.image.check ? ', and run its own tests' : '';
  const module = fleet.rtpengine.kernel === 'off' ? '' : ', with the kernel module built for its kernel';
  const places = publish === undefined ? [] : publicationSteps(fleet, publish, bucket);
  return [
    ...(isCode ? [step(`compile RTPEngine through its own Debian packaging${tests}`, done.compile)] : []),
    step('make the tools tree', done.tools || done.disk),
    step(`make the system tree: all packages, no compiler${module}`, done.tree || done.disk),
    step('check every option of rtpengine.conf against the image’s own rtpengine', done.disk),
    step('make, pack and inspect the disk: root file system, EFI, BIOS, what GCE asks, no keys', done.disk),
    step('write manifest and bill of materials beside it', done.disk),
    ...(output === undefined ? [] : [step(`make it as ${output}`)]),
    ...places.map((what) => step(what)),
  ];
}

function publicationSteps(
  { name, cloud: { project } }: Fleet,
  { depth, promote, pin }: NonNullable<Aim['publish']>,
  bucket: string,
): readonly string[] {
  return [
    `upload the archive to gs://${bucket}, import it into project ${project} as DEPRECATED, remove the object`,
    depth === 'call'
      ? 'start one machine of it, make a call through it, delete the machine'
      : 'start one machine of it, ask GCE how it is, delete the machine',
    ...(promote ? [`promote it in family ${imageFamily(name)}`] : []),
    ...(pin ? ['write it to configs/release.json'] : []),
  ];
}

/** Lines of a plan. */
export function wordSteps(steps: readonly Step[]): readonly string[] {
  return ['steps', ...steps.map(({ what, state }, place) => `  ${place + 1}. ${what}  (${state})`)];
}
