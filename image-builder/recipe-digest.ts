/** What tells one builder from another: the code that decides what an image is, given the same packages and files. */
import type { ArchitectureName } from './architecture.ts';
import { keyFor } from './arm64/key.ts';
import { digestOf } from './digest.ts';
import { codeDigest } from './file-digest.ts';

/** All that is part of the key of a stage (plan.ts, image-tree.ts, tools.ts). */
const CODE = [
  'disk.ts',
  'layout.ts',
  'bios.ts',
  'overlay.ts',
  'image-tree.ts',
  'tree.ts',
  'tools.ts',
  'bases.ts',
];

/** @param sizeGb of the disk */
export function recipeDigest(sizeGb: number, architecture: ArchitectureName = 'amd64'): string {
  return keyFor(architecture, digestOf({ code: codeDigest(CODE), sizeGb }));
}
