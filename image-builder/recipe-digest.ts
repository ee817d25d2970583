/** What tells one builder from another: the code that decides what an image is, given the same packages and files. */
import { type ArchitectureName, USUAL } from './architecture.ts';
import { digestOf } from './digest.ts';
import { codeDigest } from './file-digest.ts';

/** All that is part of the key of a stage (plan.ts, image-tree.ts, tools.ts). */
const CODE = [
  'architecture.ts',
  'disk.ts',
  'esp.ts',
  'layout.ts',
  'bios.ts',
  'overlay.ts',
  'image-tree.ts',
  'tree.ts',
  'tools.ts',
  'bases.ts',
];

/** @param sizeGb of the disk */
export function recipeDigest(sizeGb: number, architecture: ArchitectureName = USUAL): string {
  return digestOf({ code: codeDigest(CODE), sizeGb, architecture });
}
