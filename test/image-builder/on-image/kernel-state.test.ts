import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-kernel-state-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the relay's program on a /proc, a lockdown state and a machine of our own. */
async function state(name: string, files: readonly string[], lockdown: string, container: boolean) {
  const proc = join(folder, name.replaceAll(' ', '-'));
  for (const file of files) {
    mkdirSync(join(proc, file, '..'), { recursive: true });
    writeFileSync(join(proc, file), '');
  }
  writeFileSync(join(folder, 'lockdown'), lockdown);
  const text = readFileSync(join(import.meta.dirname, '../../../image-builder/on-image/kernel-state'), 'utf8')
    .replace('proc=/proc/rtpengine', `proc=${proc}`)
    .replace('/sys/kernel/security/lockdown', join(folder, 'lockdown'))
    .replace('systemd-detect-virt --quiet --container', container ? 'true' : 'false');
  const { stdout, exitCode } = await execa('sh', ['-c', text, 'kernel-state', '0'], { reject: false });
  return [exitCode, stdout];
}

describe('a relay says of forwarding in the kernel', () => {
  test('that it is active, where RTPEngine has its table', async () => {
    expect(await state('on', ['control', '0/control'], '[none]', false)).toEqual([0, 'active, table 0']);
  });

  test.each([
    ['another table only', ['control', '7/control'], '[none]', false, 'RTPEngine has no table 0'],
    ['a container', [], '[none] integrity', true, 'a container loads no kernel module'],
    ['Secure Boot', [], 'none [integrity] confidentiality', false, 'under Secure Boot the kernel loads'],
    ['no module', [], '[none] integrity', false, 'the kernel has not loaded the module'],
  ])('that it is not, and why: %s', async (name, files, lockdown, container, why) => {
    const [exitCode, words] = await state(name, files, lockdown, container);
    expect(exitCode).toBe(1);
    expect(words).toMatch(/^inactive: /);
    expect(words).toContain(why);
  });
});
