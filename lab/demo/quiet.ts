import type { Progress } from '../../image-builder/progress.ts';

/** On a terminal a step's own line is drawn over; in a log each one stays, so that far fewer of them are told. */
const LOG_EVERY_MS = 5_000;

/** The same progress for a log: what a step is at is told at most every 5 s. */
export function forLog(progress: Progress, now: () => number = Date.now): Progress {
  return (title, work) =>
    progress(title, (line) => {
      let toldAt = now();
      const at = (detail: string) => {
        if (now() - toldAt < LOG_EVERY_MS) return;
        toldAt = now();
        line.at(detail);
      };
      return work({ ...line, at });
    });
}
