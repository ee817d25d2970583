/**
 * The last line of `.ci/run`: how many tests passed and failed, from vitest's JSON report and the exit codes of the
 * commands. A command that failed where no test did counts as one failure; so nothing failed means that all is well.
 */
import { readFileSync } from 'node:fs';

/** @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} Counts */

/**
 * Counts of one report. A test file that could not even be loaded is one failure.
 * @param {string} report vitest's JSON report; empty or cut off when the run was killed
 * @returns {Counts}
 */
export function countTests(report) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of filesOf(report)) {
    if (file.status === 'failed' && file.assertionResults.length === 0) counts.failed += 1;
    for (const { status } of file.assertionResults) {
      if (status === 'passed') counts.passed += 1;
      else if (status === 'failed') counts.failed += 1;
      else counts.skipped += 1;
    }
  }
  return counts;
}

/**
 * @param {string} report
 * @returns {readonly { readonly status: string, readonly assertionResults: readonly { readonly status: string }[] }[]}
 */
function filesOf(report) {
  try {
    return JSON.parse(report).testResults;
  } catch {
    return []; // The exit code of the command says that it failed.
  }
}

/**
 * @param {Counts} tests
 * @param {Readonly<Record<string, number>>} codes exit code of each command; `test` is the one that made the report
 * @returns {Counts}
 */
export function addCommands(tests, codes) {
  const { test = 0, ...others } = codes;
  const failedCommands = Object.values(others).filter((code) => code !== 0).length;
  const silent = test !== 0 && tests.failed === 0 ? 1 : 0;
  return {
    ...tests,
    passed: tests.passed + Object.values(others).length - failedCommands,
    failed: tests.failed + failedCommands + silent,
  };
}

/** @param {Counts} counts */
export function wordCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** @param {readonly string[]} argv report file, then `command=exit code` each */
function main([file = '', ...results]) {
  const codes = Object.fromEntries(
    results.map((result) => [result.split('=')[0] ?? '', Number(result.split('=')[1])]),
  );
  const counts = addCommands(countTests(readFileSync(file, 'utf8')), codes);
  console.log(wordCounts(counts));
  return counts.failed === 0 ? 0 : 1;
}

if (process.argv[1] === new URL(import.meta.url).pathname) process.exitCode = main(process.argv.slice(2));
