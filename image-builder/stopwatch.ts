/** Seconds that each step took, for the manifest and for who waits. */
export type Stopwatch = {
  /** Runs a step and tells its name to whoever shows progress. */
  readonly time: <T>(step: string, work: () => Promise<T>) => Promise<T>;
  /** The same watch for another listener. */
  readonly telling: (onStep: (step: string) => void) => Stopwatch;
  readonly seconds: () => Readonly<Record<string, number>>;
};

/** @param now milliseconds of a clock that never goes back */
export function startWatch(now: () => number): Stopwatch {
  const seconds: Record<string, number> = {};
  const telling = (onStep: (step: string) => void): Stopwatch => ({
    telling,
    seconds: () => ({ ...seconds }),
    time: async (step, work) => {
      onStep(step);
      const start = now();
      const result = await work();
      seconds[step] = Math.round(now() - start) / 1000;
      return result;
    },
  });
  return telling(() => undefined);
}
