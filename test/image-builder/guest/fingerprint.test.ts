import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprints, keyBytes } from '../../../image-builder/guest/fingerprint.ts';

/** Made for these tests with gpg, which calls its fingerprint this. */
const ARMORED = readFileSync(join(import.meta.dirname, 'data/key.asc'));
const FINGERPRINT = 'CEAEB177A6FD0420E2811E8F1E9FAEFCF2C5FBBE';

describe('the fingerprint of a key', () => {
  test('is that of gpg, of an armored file and of a binary one', () => {
    const bytes = keyBytes(ARMORED) ?? Buffer.alloc(0);
    expect(fingerprints(bytes)).toEqual([FINGERPRINT]);
    expect(fingerprints(keyBytes(bytes) ?? Buffer.alloc(0))).toEqual([FINGERPRINT]);
  });

  test('is told of every key in a file', () => {
    const bytes = keyBytes(ARMORED) ?? Buffer.alloc(0);
    expect(fingerprints(Buffer.concat([bytes, bytes]))).toEqual([FINGERPRINT, FINGERPRINT]);
  });

  test('is another one as soon as one bit of the key is', () => {
    const bytes = Buffer.from(keyBytes(ARMORED) ?? '');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    expect(fingerprints(bytes)).not.toEqual([FINGERPRINT]);
  });

  test('of what is no key, there is none; nothing is read beyond the end', () => {
    expect(keyBytes(Buffer.from('<html>not found</html>'))).toBeUndefined();
    const bytes = keyBytes(ARMORED) ?? Buffer.alloc(0);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (end) => fingerprints(bytes.subarray(0, end)).length <= 1),
    );
    fc.assert(fc.property(fc.uint8Array(), (noise) => fingerprints(Buffer.from(noise)).length >= 0));
  });
});
