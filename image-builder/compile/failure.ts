/** What a person needs of the log of a failed compile: what the compiler said, not a wall of text. Pure. */

const MOST_LINES = 12;

/** From the most to the least telling; the first that occurs is shown. */
const TELLING: readonly RegExp[] = [
  /(?:\berror: |undefined reference to |cannot find -l)/,
  /(?:^E: |^not ok |\bUnmet build dependencies|^Error: |\*\*\* .*(?:Error \d+|Stop\.)$)/,
  /(?:No rule to make target|[Cc]ommand not found|: not found$)/,
];

/** The telling lines, or the last ones where no line tells. */
export function tellingLines(log: string): readonly string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  for (const pattern of TELLING) {
    const found = [...new Set(lines.filter((line) => pattern.test(line)))];
    if (found.length > 0)
      return cut(
        found.filter((line) => !isFollowUp(line)),
        found,
      );
  }
  return lines.slice(-MOST_LINES);
}

/** What only says that something before it failed. */
function isFollowUp(line: string): boolean {
  return /^(?:dpkg-buildpackage|dh_auto_\w+|collect2): error:/.test(line);
}

function cut(lines: readonly string[], otherwise: readonly string[]): readonly string[] {
  const shown = lines.length > 0 ? lines : otherwise;
  const rest = shown.length - MOST_LINES;
  return rest > 0 ? [...shown.slice(0, MOST_LINES), `… and ${rest} more`] : shown;
}
