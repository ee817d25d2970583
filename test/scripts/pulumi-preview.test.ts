import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const hasPulumi = spawnSync('sh', ['-c', 'command -v pulumi']).status === 0;
const ENDPOINT = 'http://127.0.0.1:8911';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pulumi-preview-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const { status, stderr } = spawnSync('scripts/pulumi-preview', args, { encoding: 'utf8', env });
  return { status, stderr };
}

/** A search path with what the script itself uses, and no Pulumi. */
function searchPath(): string {
  for (const program of ['sh', 'dirname', 'mktemp', 'rm', 'cp', 'cat', 'ln'])
    symlinkSync(
      spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim(),
      join(folder, program),
    );
  return folder;
}

describe('pulumi-preview', () => {
  test('without the Pulumi CLI says so; exit code 2', () => {
    const { status, stderr } = run({ PATH: searchPath(), RTPFLEET_ENDPOINT: ENDPOINT });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^pulumi-preview: the Pulumi CLI is not installed; .*\n$/);
  });

  test('asks Pulumi for a preview against the lab, with state and settings that are gone afterwards', () => {
    const PATH = searchPath();
    const pulumi = `#!/bin/sh
echo "$@" >>${folder}/asked
cat Pulumi.lab.yaml >${folder}/settings
cat infra/index.ts Pulumi.yaml >/dev/null
echo "$PULUMI_BACKEND_URL" >${folder}/backend
`;
    writeFileSync(join(folder, 'pulumi'), pulumi, { mode: 0o755 });
    const before = readFileSync('Pulumi.lab.yaml', 'utf8');
    expect(run({ PATH, RTPFLEET_ENDPOINT: ENDPOINT }, '--diff')).toEqual({ status: 0, stderr: '' });
    const asked = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
    expect(asked).toEqual([
      'stack init lab --non-interactive',
      'preview --stack lab --non-interactive --diff',
    ]);
    expect(parse(readFileSync(join(folder, 'settings'), 'utf8'))).toEqual({
      config: {
        ...parse(before).config,
        'gcp:computeCustomEndpoint': `${ENDPOINT}/compute/v1/`,
        'gcp:redisCustomEndpoint': `${ENDPOINT}/redis/v1/`,
        'gcp:secretManagerCustomEndpoint': `${ENDPOINT}/v1/`,
        'gcp:accessToken': 'lab',
      },
    });
    const backend = readFileSync(join(folder, 'backend'), 'utf8').trim().replace('file://', '');
    expect(() => readFileSync(join(backend, 'Pulumi.lab.yaml'))).toThrow('ENOENT');
    expect(readFileSync('Pulumi.lab.yaml', 'utf8')).toBe(before);
  });

  test('without a lab says how to name one; exit code 2', () => {
    const PATH = searchPath();
    writeFileSync(join(folder, 'pulumi'), '#!/bin/sh\n', { mode: 0o755 });
    expect(run({ PATH })).toEqual({
      status: 2,
      stderr: 'pulumi-preview: no lab is named; say eval "$(pnpm --silent lab env)" first.\n',
    });
  });

  // Against a lab that runs: `eval "$(pnpm --silent lab env)"` before the tests.
  test('is a preview that the real CLI makes', (context) => {
    const env = Object.entries(process.env).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value]],
    );
    if (!hasPulumi) context.skip('the Pulumi CLI is not installed, and is in neither npm nor Debian');
    if (process.env.RTPFLEET_ENDPOINT === undefined) context.skip('no lab is named');
    expect(run(Object.fromEntries(env))).toMatchObject({ status: 0 });
  });
});
