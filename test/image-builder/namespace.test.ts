import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { runWithAllIds, subordinateIds } from '../../image-builder/namespace.ts';
import { FleetError } from '../../lib/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-namespace-'));
afterAll(() => rmSync(folder, { recursive: true }));
const shop = { log: join(folder, 'log'), signal: new AbortController().signal };

/** Processes whose command line has this word, by the kernel's own list. */
function processesWith(word: string): readonly string[] {
  return readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && commandLine(pid).split('\0').includes(word),
  );
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

async function until(condition: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 1_200 && !condition(); tries++) await sleep(50);
  return condition();
}

describe('a namespace with all ids', () => {
  test('lets files belong to anybody, and to nobody outside', async () => {
    const words = [
      'sh',
      '-c',
      'touch "$0" && chown 33:33 "$0" && stat -c %u:%g "$0" && rm "$0"',
      join(folder, 'file'),
    ];
    expect(await runWithAllIds(shop, words)).toBe('33:33\n');
  });

  test('has mounts of its own', async () => {
    const seen = await runWithAllIds(shop, [
      'sh',
      '-c',
      'mount -t tmpfs none "$0" && cat /proc/self/mounts',
      folder,
    ]);
    expect(seen).toContain(folder);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(folder);
  });
});

test.each([0, 2, 5, 10, 20, 40, 80])('Ctrl-C after %i ms comes through as such', async (milliseconds) => {
  const control = new AbortController();
  const stop = new FleetError({ kind: 'interrupted', code: 'interrupted', message: 'stop' });
  const running = runWithAllIds({ log: shop.log, signal: control.signal }, ['sleep', '100']);
  setTimeout(() => control.abort(stop), milliseconds);
  await expect(running).rejects.toBe(stop);
});

test('Ctrl-C at any moment of its start leaves nothing that the builder would wait for', async () => {
  const stop = new FleetError({ kind: 'interrupted', code: 'interrupted', message: 'stop' });
  for (let at = 0; at < 40; at += 1) {
    const four = [0, 1, 2, 3].map(async (quarter) => {
      const control = new AbortController();
      const running = runWithAllIds({ log: shop.log, signal: control.signal }, ['sleep', '100']);
      setTimeout(() => control.abort(stop), at + quarter / 4);
      await expect(running).rejects.toBe(stop);
    });
    await Promise.all(four);
  }
});

describe('a builder that is killed with SIGKILL', () => {
  const module = JSON.stringify(join(import.meta.dirname, '../../image-builder/namespace.ts'));
  const commands = JSON.stringify(join(import.meta.dirname, '../../image-builder/command.ts'));

  test.each([
    ['all ids', 'runWithAllIds(shop, words)'],
    ['one id', 'runCommand(shop, asSoleRoot(words))'],
  ])('leaves nothing running in a namespace with %s', async (name, call) => {
    const mark = `mark-${process.pid}-${name.replace(' ', '-')}`;
    const code = `const { runWithAllIds, asSoleRoot } = await import(${module});
      const { runCommand } = await import(${commands});
      const shop = ${JSON.stringify({ log: shop.log })}; shop.signal = new AbortController().signal;
      const words = ['sh', '-c', 'sleep 100 & sleep 100; :', ${JSON.stringify(mark)}];
      await ${call};`;
    const builder = spawn(process.execPath, ['--input-type=module', '--eval', code]);
    const inside = () => processesWith(mark).filter((pid) => commandLine(pid).startsWith('sh\0-c\0sleep'));
    expect(await until(() => inside().length > 0)).toBe(true);
    builder.kill('SIGKILL');
    expect(await until(() => processesWith(mark).length === 0)).toBe(true);
  });
});

describe('subordinate ids', () => {
  const text = 'other:100000:65536\nsmall:165536:1000\nbuilder:200000:65536\n1007:300000:65535\n';

  test.each([
    ['by name', 'builder', 1000, { first: 200000, count: 65536 }],
    ['by number', 'seven', 1007, { first: 300000, count: 65535 }],
    ['too few for a tree', 'small', 1001, undefined],
    ['none', 'nobody', 65534, undefined],
  ])('%s', (_, user, uid, range) => {
    expect(subordinateIds(text, user, uid)).toEqual(range);
  });
});
