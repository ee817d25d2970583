/** How the bench scripts word what they measured. Pure. */

export type Measured = {
  readonly what: string;
  readonly measured: number;
  /** What it should be at most. */
  readonly wanted: number;
  /** Of both; absent: seconds. */
  readonly unit?: string;
};

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new RangeError('no values');
  return (low + high) / 2;
}

/** Two places are enough, and below ten they count; `0.2 s`, not `0.20 s`. */
function wordFigure(value: number, unit: string): string {
  return `${Number(value.toFixed(value < 10 ? 2 : 0))} ${unit}`.trimEnd();
}

/** Of nothing there is no share. */
function wordShare({ measured, wanted }: Measured): string {
  return wanted === 0 ? '' : (measured / wanted).toFixed(2);
}

/** A table: each figure, its limit, and the share of the limit that it took. */
export function wordMeasured(all: readonly Measured[]): string {
  const rows = all.map((one) => [
    one.what,
    wordFigure(one.measured, one.unit ?? 's'),
    wordFigure(one.wanted, one.unit ?? 's'),
    wordShare(one),
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
