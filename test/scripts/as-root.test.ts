import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'as-root-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs `as-root` where `id` says who the user is and `sudo`, as the real one, drops the environment. */
function asRoot(uid: number, env: Readonly<Record<string, string>>, command: readonly string[]) {
  writeFileSync(join(folder, 'id'), `#!/bin/sh\necho ${uid}\n`, { mode: 0o755 });
  writeFileSync(join(folder, 'sudo'), '#!/bin/sh\necho by sudo\nexec env -i "$@"\n', { mode: 0o755 });
  const PATH = [folder, process.env.PATH].join(delimiter);
  const { status, stdout } = spawnSync('scripts/as-root', command, {
    encoding: 'utf8',
    env: { PATH, ...env },
  });
  return { status, stdout };
}

describe('as-root', () => {
  it('is nothing to root', () => {
    expect(asRoot(0, {}, ['sh', '-c', 'echo "$1"; exit 3', 'sh', 'a b'])).toEqual({
      status: 3,
      stdout: 'a b\n',
    });
  });

  it("goes through sudo with the user's search path and rtpfleet's settings, whatever is in them", () => {
    const env = { RTPFLEET_LAB: '/a folder/lab "x"', EDITOR: 'vi' };
    const { status, stdout } = asRoot(1000, env, [
      'sh',
      '-c',
      'echo "$RTPFLEET_LAB|$EDITOR|$1"; command -v id',
      'sh',
      'a b',
    ]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `by sudo\n/a folder/lab "x"||a b\n${join(folder, 'id')}\n`,
    });
  });
});
