/** Shows what a build does: one line per step, with what it is at, how long it took, or why there was nothing to do. */
import { Listr } from 'listr2';
import { reasonOf } from '../lib/errors.ts';

/** For a person at a terminal, line by line for a log, or not at all. */
export type Renderer = 'default' | 'simple' | 'silent';

/** A step's own line. */
export type Line = {
  /** What it is at, below the title. */
  readonly at: (detail: string) => void;
  /** What came out, behind the title. */
  readonly result: (words: string) => void;
};

export type Progress = <T>(title: string, work: (line: Line) => Promise<T>) => Promise<T>;

/** Runs one step after the other; what a step throws ends it and goes on to the caller. */
export function showProgress(renderer: Renderer): Progress {
  return async <T>(title: string, work: (line: Line) => Promise<T>): Promise<T> => {
    const results: T[] = [];
    const failures: unknown[] = [];
    const list = new Listr(
      [
        {
          title,
          task: async (_, task) => {
            const start = performance.now();
            let words = '';
            const line: Line = {
              at: (detail) => {
                task.output = detail;
              },
              result: (result) => {
                words = `: ${result}`;
              },
            };
            try {
              results.push(await work(line));
            } catch (error) {
              failures.push(error);
              // All of it is said once, at the end, by who ends the program.
              throw new Error(reasonOf(error).split('\n')[0]?.replace(/:$/, ''));
            }
            const seconds = (performance.now() - start) / 1000;
            task.title = `${title}${words}${seconds < 0.5 ? '' : ` (${seconds.toFixed(1)} s)`}`;
          },
        },
      ],
      { renderer, registerSignalListeners: false },
    );
    await list.run().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    const [result] = results;
    return result as T;
  };
}
