/** The settings of a stack, read from its `Pulumi.<stack>.yaml` as `pulumi` would. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { pinnedImage, readRelease } from '../../configs/release.ts';
import { FleetError, isFleetError, reasonOf } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import type { StackConfig } from '../config.ts';

/**
 * `rtpfleet:<key>` of the stack's file in `root`, without the prefix; no file: none.
 * @throws FleetError `usage`, code `stack-file`: it cannot be read.
 */
export async function stackConfig(stack: string, root: string): Promise<StackConfig> {
  const file = join(root, `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) return {};
  try {
    const { config } = (parse(await readFile(file, 'utf8')) ?? {}) as { readonly config?: object };
    const own = Object.entries(config ?? {}).filter(([key]) => key.startsWith('rtpfleet:'));
    return Object.fromEntries(own.map(([key, value]) => [key.slice('rtpfleet:'.length), String(value)]));
  } catch (cause) {
    throw new FleetError({
      ...{ kind: 'usage', code: 'stack-file', cause },
      message: `${file}: cannot be read: ${reasonOf(cause).split('\n')[0]}`,
      hint: 'Mend it, or name a fleet file with --fleet.',
    });
  }
}

/** @throws FleetError `usage`, code `no-stack`: neither its settings nor its fleet file are there. */
export function checkStack(stack: string, root: string): void {
  const known = [
    ...readdirSync(root).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []),
    ...readdirSync(join(root, 'configs/fleets')).flatMap((name) => /^(.+)\.yaml$/.exec(name)?.[1] ?? []),
  ];
  if (known.includes(stack)) return;
  const near = nearest(stack, known);
  throw new FleetError({
    ...{ kind: 'usage', code: 'no-stack' },
    message: `There is no stack ${stack}: neither Pulumi.${stack}.yaml nor configs/fleets/${stack}.yaml.`,
    hint: `Known: ${[...new Set(known)].sort().join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
  });
}

/** Stands for the image of a fleet that has none yet, so that the rest can be looked at. */
const NO_IMAGE = 'no-image-pinned-yet';

/** The image that a fleet is pinned to; undefined in `because`: it is. */
export function imageOf(fleet: string): { readonly image: string; readonly because?: string } {
  try {
    return { image: pinnedImage(readRelease(), fleet).image };
  } catch (error) {
    if (!isFleetError(error)) throw error;
    return { image: NO_IMAGE, because: error.message };
  }
}
