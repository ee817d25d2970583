/** The part of a stage's key that is there for arm64 only: a change of what is done for it makes no new image for amd64. */
import type { ArchitectureName } from '../architecture.ts';
import { digestOf } from '../digest.ts';
import { codeDigest } from '../file-digest.ts';

const CODE = ['architecture.ts', 'arm64/trees.ts', 'arm64/disk.ts'];

/** @param key what it would be for amd64 */
export function keyFor(architecture: ArchitectureName | undefined, key: string): string {
  if (architecture !== 'arm64') return key;
  return digestOf({ architecture, code: codeDigest(CODE), key });
}
