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
    const found = [...new Set(lines.filter((line) => pattern.test(line) && !isFollowUp(line)))];
    if (found.length > 0) return cut(found);
  }
  return lines.slice(-MOST_LINES);
}

/** What only says that something before it failed. */
function isFollowUp(line: string): boolean {
  return /^(?:dpkg-buildpackage|dh_auto_\w+|collect2): error:/.test(line);
}

function cut(lines: readonly string[]): readonly string[] {
  const rest = lines.length - MOST_LINES;
  return rest > 0 ? [...lines.slice(0, MOST_LINES), `… and ${rest} more`] : lines;
}

/** Of the source's own tests: which failed, and at what. Each is a target of `t/Makefile`, whose end make tells. */
export function failedTests(log: string): readonly string[] {
  const failed: string[] = [];
  let telling: string[] = [];
  for (const line of log.split('\n')) {
    const name = /^make\[\d+\]: \*\*\* \[.*: ((?:daemon|unit)-tests[\w-]*)\] Error/.exec(line)?.[1];
    if (name !== undefined)
      failed.push(`${name}: ${telling.slice(0, 3).join('; ') || 'it says nothing else'}`);
    if (name !== undefined || line.startsWith('./auto-test-helper ')) telling = [];
    else if (/^not ok |timed out|^Tests failed:/.test(line)) telling.push(line.trim());
  }
  return failed.length > 0 ? cut(failed) : tellingLines(log);
}
