/** What the output of a program says of its failure. Pure. */

const LAST_LINES = 15;
const MOST_ERRORS = 4;

/** apt, dpkg and mmdebstrap mark the lines that count, and say much after them; of others, the last lines. */
export function lastWords(output: string): readonly string[] {
  const lines = output.trimEnd().split('\n');
  const errors = [...new Set(lines.filter((line) => /^(?:E: |dpkg: error )/.test(line)))];
  if (errors.length === 0) return lines.slice(-LAST_LINES);
  const rest = errors.length - MOST_ERRORS;
  return rest > 0 ? [...errors.slice(0, MOST_ERRORS), `… and ${rest} more`] : errors;
}
