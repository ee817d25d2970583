/** What `--plan` says of a compile that has to come first. Pure but for the digest of our own code. */
import { hazardsOf, wordHazards } from '../../lib/hazards.ts';
import { type CompileOrder, compileKey } from './compile.ts';

/** The packages of an image, hence its name, are known only when its RTPEngine is compiled. */
export function wordCompile(order: CompileOrder, asJson: boolean): string {
  const { code, release, profiles, flags, check } = order;
  const { place, commit, tag } = code;
  const key = compileKey(order);
  if (asJson) {
    const compile = { place, commit, version: tag, release: release.codename, profiles, flags, check, key };
    return `${JSON.stringify({ compile }, null, 2)}\n`;
  }
  return [
    `compile  ${[tag, commit === undefined ? undefined : `commit ${commit}`].filter(Boolean).join(', ')} from ${place}`,
    `         on ${release.codename}, ${check ? 'with' : 'without'} the source's own tests; key ${key.slice(0, 16)}`,
    'The packages and the name of the image are known once it is compiled.',
    ...hazardLine(tag),
    '',
  ].join('\n');
}

function hazardLine(tag: string | undefined): readonly string[] {
  const words = tag === undefined ? undefined : wordHazards(tag, hazardsOf(tag));
  return words === undefined ? [] : [`hazards  ${words}`];
}
