import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports.ts';

/** The machine's clock. */
export const wallClock: Clock = {
  now: Date.now,
  sleep: async (ms, signal) => {
    // An aborted wait is a short one, no error: the loop looks at the signal itself.
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};
