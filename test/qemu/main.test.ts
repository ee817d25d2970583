import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const cache = mkdtempSync(join(tmpdir(), 'rtpfleet-boot-cache-'));
afterAll(() => rmSync(cache, { recursive: true }));

function imageBoot(...words: readonly string[]) {
  const env = { ...process.env, RTPFLEET_CACHE: cache };
  return spawnSync(process.execPath, ['lab/qemu/main.ts', ...words], { encoding: 'utf8', env });
}

test.each([
  [['no-such-image'], /no-such-image: no image of this name.*pnpm image:build --no-publish/s],
  [['disk.raw', '--firmware', 'coreboot'], /uefi, bios/],
  [['disk.raw', '--within', 'soon'], /whole seconds/],
  [['disk.raw', '--cpus', '0'], /whole number, 1 to 8/],
  [[], /missing required argument/],
  [['disk.raw', '--fleet', 'no/such/fleet.yaml'], /no\/such\/fleet\.yaml/],
])('a wrong word costs exit code 2 and says what is right: %s', (words, says) => {
  const { status, stderr } = imageBoot(...words);
  expect(stderr).toMatch(says);
  expect(stderr).not.toContain('internal error');
  expect(status).toBe(2);
});
