import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addCommands, countTests, wordCounts } from '../../scripts/summary.mjs';

const file = (status: string, ...tests: readonly string[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});
const report = (...testResults: readonly object[]) => JSON.stringify({ testResults });

describe('countTests', () => {
  it('adds up all files', () => {
    const text = report(file('passed', 'passed', 'passed', 'skipped'), file('failed', 'failed', 'passed'));
    expect(countTests(text)).toEqual({ passed: 3, failed: 1, skipped: 1 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    expect(countTests(report(file('failed')))).toMatchObject({ failed: 1 });
  });

  it.each(['', '{"testResults": [{'])('takes the report of a killed run (%j) for none', (text) => {
    expect(countTests(text)).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});

describe('addCommands', () => {
  const tests = { passed: 5, failed: 0, skipped: 0 };

  it('counts each command beside the tests', () => {
    expect(addCommands(tests, { test: 0, check: 0 })).toMatchObject({ passed: 6, failed: 0 });
    expect(addCommands(tests, { test: 0, check: 1 })).toMatchObject({ passed: 5, failed: 1 });
  });

  it('never says that nothing failed when the test command did', () => {
    expect(addCommands(tests, { test: 124, check: 0 })).toMatchObject({ failed: 1 });
    expect(addCommands({ ...tests, failed: 2 }, { test: 1, check: 0 })).toMatchObject({ failed: 2 });
  });
});

describe('the last line', () => {
  it('names skipped tests only where there are some', () => {
    expect(wordCounts({ passed: 1, failed: 0, skipped: 0 })).toBe('1 passed, 0 failed');
    expect(wordCounts({ passed: 1, failed: 0, skipped: 2 })).toBe('1 passed, 0 failed, 2 skipped');
  });

  it.each([
    [['test=0', 'check=0'], 0, '2 passed, 0 failed'],
    [['test=0', 'check=1'], 1, '1 passed, 1 failed'],
  ] as const)('and the exit code agree: %j', (codes, exitCode, line) => {
    const folder = mkdtempSync(join(tmpdir(), 'summary-'));
    const results = join(folder, 'results.json');
    writeFileSync(results, report(file('passed', 'passed')));
    const { status, stdout } = spawnSync(process.execPath, ['scripts/summary.mjs', results, ...codes], {
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    expect([status, stdout]).toEqual([exitCode, `${line}\n`]);
  });
});
