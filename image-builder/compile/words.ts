/** What `--plan` says of a compile that has to come first. Pure but for the digest of our own code. */
import { hazardsOf, wordHazards } from '../../lib/hazards.ts';
import { type Step, wordSteps } from '../plan-steps.ts';
import { type CompileOrder, compileKey } from './compile.ts';

/** What is known of the image already. `files`: paths; absent: they depend on a version that only the compile tells. */
export type Foreseen = {
  /** The version that it has to be of, when just one will do. */
  readonly version?: string;
  readonly steps: readonly Step[];
  readonly files?: readonly string[];
};

/** The packages of an image, hence its name, are known only when its RTPEngine is compiled. */
export function wordCompile(
  order: CompileOrder,
  { version, steps, files }: Foreseen,
  asJson: boolean,
): string {
  const { code, release, profiles, flags, check } = order;
  const { id, place, commit } = code;
  const tag = code.tag ?? version;
  const content = commit === undefined ? `content ${id.slice(0, 16)}` : `commit ${commit}`;
  const key = compileKey(order);
  if (asJson) {
    const compile = {
      place,
      commit,
      content: id,
      version: tag,
      release: release.codename,
      profiles,
      flags,
      check,
      key,
    };
    return `${JSON.stringify({ compile, steps, files: files ?? null }, null, 2)}\n`;
  }
  return [
    `compile  ${[tag, content].filter(Boolean).join(', ')} from ${place}`,
    `         on ${release.codename}, ${check ? 'with' : 'without'} the source's own tests; key ${key.slice(0, 16)}`,
    'The packages and the name of the image are known once it is compiled.',
    ...wordSteps(steps),
    ...(files === undefined ? [] : ['files', ...files.map((path) => `  ${path}`)]),
    ...hazardLine(tag),
    '',
  ].join('\n');
}

function hazardLine(tag: string | undefined): readonly string[] {
  const words = tag === undefined ? undefined : wordHazards(tag, hazardsOf(tag));
  return words === undefined ? [] : [`hazards  ${words}`];
}
