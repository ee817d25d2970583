import { spawnSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';

let script = '';

beforeAll(() => {
  script = spawnSync(process.execPath, ['rollout/cli.ts', 'completion', 'bash'], { encoding: 'utf8' }).stdout;
});

/** What bash offers for the last of these words. */
function offered(...words: readonly string[]): readonly string[] {
  const typed = ['rollout', ...words];
  const ask = [
    script,
    `COMP_WORDS=(${typed.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${typed.length - 1}`,
    '_rollout',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  const { stdout, stderr } = spawnSync('bash', ['-c', ask], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

test('bash completes commands', () => {
  expect(offered('sta')).toEqual(['status']);
  expect(offered('un')).toEqual(['unhold', 'uncordon']);
});

test('bash completes the options of the command that is typed, and of a run where none is', () => {
  expect(offered('status', '--w')).toEqual(['--watch']);
  expect(offered('--dr')).toEqual(['--drain-seconds', '--drain']);
  expect(offered('status', '--dr')).toEqual([]);
});

test('bash completes what an option may be', () => {
  expect(offered('run', '--drain', '--reserve')).toEqual([
    '--reserve=none',
    '--reserve=relay',
    '--reserve=zone',
  ]);
});

test('another shell is refused with those that there are', () => {
  const { status, stderr } = spawnSync(process.execPath, ['rollout/cli.ts', 'completion', 'fish'], {
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toContain('bash');
});
