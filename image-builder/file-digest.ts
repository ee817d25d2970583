/** Digests of files: what was made, and the code that makes it. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { bareCode, textDigest } from './digest.ts';

/** sha256 of a file. */
export async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/**
 * sha256 of files of this folder without their comments and blanks. A part of stage keys: whoever changes how a stage
 * works cannot forget to say so, and whoever rewords a comment does not roll a fleet to a new image.
 */
export function codeDigest(names: readonly string[]): string {
  return textDigest(
    names.map((name) => bareCode(readFileSync(join(import.meta.dirname, name), 'utf8'))).join('\n'),
  );
}
