import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-output-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program of this project with its standard output where `to` says. */
function run(to: string, file: string, ...words: readonly string[]) {
  const shell = ['-c', `set -o pipefail; "$0" "$@" ${to}`, process.execPath, join(ROOT, file), ...words];
  const proxy = 'http://127.0.0.1:1';
  const env = { ...process.env, RTPFLEET_CACHE: folder, http_proxy: proxy, https_proxy: proxy };
  return spawnSync('bash', shell, { cwd: ROOT, env, encoding: 'utf8' });
}

describe('output that cannot be written is one sentence with exit code 2', () => {
  test.each<[string]>([
    ['image-builder/cli.ts --help'],
    ['image-builder/cli.ts build --help'],
    ['infra/preview.ts --help'],
    ['rollout/cli.ts --help'],
    ['rollout/cli.ts plan --help'],
    ['lab/cli.ts --help'],
  ])('%s', (line) => {
    const [file = '', ...words] = line.split(' ');
    const { status, stderr } = run('>/dev/full', file, ...words);
    expect(stderr).toMatch(/^The output cannot be written: ENOSPC.*\n$/);
    expect(status).toBe(2);
  });

  test('of a build, which ends as after Ctrl-C: nothing is left of it', () => {
    const { status, stderr } = run('>/dev/full', 'image-builder/cli.ts', 'build', '--no-publish');
    expect(stderr).toMatch(/^The output cannot be written: ENOSPC.*\n$/m);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(2);
    const left = readdirSync(join(folder, 'image'), { recursive: true, encoding: 'utf8' });
    expect(left.filter((path) => path.startsWith('work/'))).toEqual([]);
  });
});

test('a reader that has enough is no mistake', () => {
  const { status, stderr } = run('| head -n 1', 'image-builder/cli.ts', 'build', '--help');
  expect([status, stderr]).toEqual([0, '']);
});
