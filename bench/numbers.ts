/** How the bench scripts word what they measured. Pure. */

export type Measured = {
  readonly what: string;
  /** Seconds. */
  readonly measured: number;
  /** Seconds that it should take at most. */
  readonly wanted: number;
};

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new RangeError('no values');
  return (low + high) / 2;
}

/** Two places are enough, and below ten seconds they count; `0.2 s`, not `0.20 s`. */
function wordSeconds(seconds: number): string {
  return `${Number(seconds.toFixed(seconds < 10 ? 2 : 0))} s`;
}

/** A table: each figure, its limit, and the share of the limit that it took. */
export function wordMeasured(all: readonly Measured[]): string {
  const rows = all.map(({ what, measured, wanted }) => [
    what,
    wordSeconds(measured),
    wordSeconds(wanted),
    (measured / wanted).toFixed(2),
  ]);
  const lines = [['', 'measured', 'at most', 'share'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

/** Where the time went: one line a step, in seconds. */
export function wordSteps(steps: Readonly<Record<string, number>>): string {
  return Object.entries(steps)
    .map(([step, seconds]) => `${seconds.toFixed(1).padStart(8)} s  ${step}`)
    .join('\n');
}
