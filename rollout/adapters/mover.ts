/** The program of the user's own that brings the address of calls from one host to another. */
import { execFile } from 'node:child_process';
import { FleetError } from '../../lib/errors.ts';

/** A cloud takes seconds; a program that hangs must not hold calls between two hosts for ever, ms. */
const PATIENCE_MS = 120_000;

/** Runs `program ADDRESS TO FROM`; resolves when it ended well. Rejects with `move-failed` (hold) and its last words. */
export async function runMover(program: string, address: string, to: string, from: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    execFile(program, [address, to, from], { timeout: PATIENCE_MS }, (error, _stdout, stderr) => {
      if (error === null) return resolve();
      const words = stderr.trim().split('\n').at(-1) || error.message;
      reject(
        new FleetError({
          kind: 'hold',
          code: 'move-failed',
          message: `${program} ${address} ${to} ${from} failed: ${words}`,
          hint: 'It is run again by the next hand-over of the same two.',
          cause: error,
        }),
      );
    });
  });
}
