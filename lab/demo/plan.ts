/** What the demo shows, in numbers and names. */
import { resolve } from 'node:path';
import type { BaseName } from '../../image-builder/bases.ts';

export type DemoImage = { readonly version: string; readonly base: BaseName };

/** The repository: the demo runs from wherever it is started. */
export const ROOT = resolve(import.meta.dirname, '../..');

export const DEMO = {
  fleetFile: resolve(ROOT, 'configs/fleets/lab.yaml'),
  before: { version: 'mr10.5.3.5', base: 'debian-12' } satisfies DemoImage,
  after: { version: 'mr12.5.1.31', base: 'debian-13' } satisfies DemoImage,
  calls: {
    /** New calls per second; with calls of 5 to 20 s some 40 at once. */
    perSecond: 3.2,
    /** The caller starts further calls below this; a little above what is promised, since calls also end together. */
    atLeast: 36,
    /** At every moment between ramp-up and stop. */
    promised: 30,
    /** Shortest and longest call. */
    seconds: [5, 20],
    reInvites: 0.5,
  },
  /** Calls go on arriving for so long after the rollout, seconds. */
  afterwards: 3,
  /** The fleet must serve within so long after it was created, seconds. */
  serveWithin: 60,
} as const;
