import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkSpace, isDebianLike, which } from '../../../scripts/setup/machine.mjs';

afterEach(() => vi.unstubAllEnvs());

describe('isDebianLike', () => {
  it.each([
    ['Debian', 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n', true],
    ['Ubuntu', 'ID=ubuntu\nID_LIKE=debian\n', true],
    ['a system made from Ubuntu', 'ID="linuxmint"\nID_LIKE="ubuntu debian"\n', true],
    ['Fedora', 'ID=fedora\nVARIANT_ID=debian-lookalike\n', false],
    ['nothing', '', false],
  ])('%s', (_, osRelease, expected) => {
    expect(isDebianLike(osRelease)).toBe(expected);
  });
});

describe('which', () => {
  it('finds programs of the search path and, beyond it, those of the system', () => {
    const folder = mkdtempSync(join(tmpdir(), 'which-'));
    writeFileSync(join(folder, 'tool'), '', { mode: 0o755 });
    writeFileSync(join(folder, 'text'), '', { mode: 0o644 });
    vi.stubEnv('PATH', folder);
    expect(which('tool')).toBe(join(folder, 'tool'));
    expect(which('text')).toBeUndefined();
    expect(which(join(folder, 'text'))).toBe(join(folder, 'text'));
    expect(which(join(folder, 'nothing'))).toBeUndefined();
    expect(which('ldconfig')).toMatch(/^\/(usr\/)?sbin\/ldconfig$/);
    rmSync(folder, { recursive: true });
  });
});

describe('checkSpace', () => {
  it('says how much is wanted, how much is left, and where', () => {
    expect(() => checkSpace('/', 1, 'npm packages')).not.toThrow();
    expect(() => checkSpace('/', 2 ** 60, 'npm packages')).toThrow(
      /^npm packages take 1073741824\.0 GiB, but the disk of \/ has [\d.]+ GiB left\.$/,
    );
  });
});
