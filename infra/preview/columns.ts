/** Rows of cells as lines with aligned columns, the last one wrapped to the width of the terminal. Pure. */

const GAP = '  ';
/** Narrower is not tried: a word would stand on each line. */
const LEAST = 20;

/** Every column but the last is as wide as its longest cell, at most `widest`; longer cells are wrapped as well. */
export function columns(
  rows: readonly (readonly string[])[],
  width: number,
  widest = Number.POSITIVE_INFINITY,
): readonly string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  // However narrow the terminal is, the last column keeps its least.
  const room = Math.max(LEAST / 2, Math.floor((width - LEAST) / Math.max(1, count - 1)) - GAP.length);
  const widths = Array.from({ length: count }, (_, column) =>
    Math.min(widest, room, Math.max(...rows.map((row) => (row[column] ?? '').length))),
  );
  const before = widths.slice(0, -1).reduce((sum, one) => sum + one + GAP.length, 0);
  widths[count - 1] = Math.max(LEAST, width - before);
  return rows.flatMap((row) => {
    const cells = widths.map((size, column) => wrap(row[column] ?? '', size));
    const height = Math.max(...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) =>
      cells
        .map((lines, column) => (lines[line] ?? '').padEnd(widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    );
  });
}

/** Breaks a text at spaces; a word longer than a line is broken where it has to be. */
export function wrap(text: string, width: number): readonly string[] {
  if (text.length <= width) return [text];
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, width))) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current];
}

function pieces(word: string, width: number): readonly string[] {
  if (word.length <= width) return [word];
  return [word.slice(0, width), ...pieces(word.slice(width), width)];
}
