/** Lines that fit a terminal. Pure. */

/** Breaks a line at spaces; what follows is indented as far as the line itself, and `hang` more. */
export function wrap(line: string, width: number, hang = 2): readonly string[] {
  const indent = ' '.repeat(line.length - line.trimStart().length);
  const lines: string[] = [];
  let current = indent;
  for (const word of line.trimStart().split(' ')) {
    const start = lines.length === 0 ? indent : `${indent}${' '.repeat(hang)}`;
    const isEmpty = current.trim() === '';
    if (!isEmpty && current.length + 1 + word.length > width) {
      lines.push(current);
      current = `${indent}${' '.repeat(hang)}${word}`;
    } else current = isEmpty ? `${lines.length === 0 ? indent : start}${word}` : `${current} ${word}`;
  }
  return [...lines, current];
}
