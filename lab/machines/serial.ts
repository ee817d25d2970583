/** The serial port of a machine: a file that its supervisor appends to, over all its boots. */
import { open } from 'node:fs/promises';

/** GCE keeps the last MiB. */
const KEPT_BYTES = 1024 * 1024;

/** What was printed from byte `start` on (at most the last MiB) and the byte to ask for next; never half a character. */
export async function readSerial(
  path: string,
  start: number,
): Promise<{ readonly contents: string; readonly next: number }> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return { contents: '', next: start };
  try {
    const { size } = await file.stat();
    const from = Math.min(Math.max(start, size - KEPT_BYTES), size);
    const bytes = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    const whole = bytes.subarray(0, completeLength(bytes.subarray(0, bytesRead)));
    return { contents: whole.toString('utf8'), next: from + whole.length };
  } finally {
    await file.close();
  }
}

/** Length without a UTF-8 character that is cut off at the end. Pure. */
export function completeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >> 6 === 0b10) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
