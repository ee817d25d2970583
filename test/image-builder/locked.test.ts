import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { whileLocked } from '../../image-builder/locked.ts';

const MODULE = join(import.meta.dirname, '../../image-builder/locked.ts');

let folder: string;
let file: string;
const shop = (signal = new AbortController().signal) => ({ log: join(folder, 'log'), signal });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rtpfleet-locked-'));
  file = join(folder, 'x.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A process of its own that holds the lock until it is killed. */
async function holder() {
  const code = `import { whileLocked } from ${JSON.stringify(MODULE)};
    const shop = { log: '/dev/null', signal: new AbortController().signal };
    await whileLocked(shop, ${JSON.stringify(file)}, () => new Promise(() => {
      console.log('held');
      setInterval(() => undefined, 1000);
    }));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

describe('a lock', () => {
  test('lets in one at a time, though its file goes each time, and leaves none', async () => {
    let inside = 0;
    let most = 0;
    const enter = () =>
      whileLocked(shop(), file, async () => {
        most = Math.max(most, ++inside);
        await sleep(5);
        inside--;
      });
    // Whoever comes back finds a new file, while others wait for the old one.
    const comeAndGo = async () => {
      for (let time = 0; time < 4; time++) await enter();
    };
    await Promise.all(Array.from({ length: 4 }, comeAndGo));
    expect(most).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is free when its work has failed', async () => {
    const failing = whileLocked(shop(), file, () => Promise.reject(new Error('no room')));
    await expect(failing).rejects.toThrow('no room');
    expect(await whileLocked(shop(), file, () => Promise.resolve('in'))).toBe('in');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is free when who held it was killed, and the file that it left is no bar', async () => {
    const child = await holder();
    const next = whileLocked(shop(), file, () => Promise.resolve('in'));
    child.kill('SIGKILL');
    expect(await next).toBe('in');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that another process holds is told; Ctrl-C ends the waiting', async () => {
    const child = await holder();
    const interrupt = new AbortController();
    const told: string[] = [];
    const waiting = whileLocked(
      shop(interrupt.signal),
      file,
      () => Promise.resolve('in'),
      (over) => {
        told.push('waits');
        interrupt.abort(new Error('interrupted'));
        return over;
      },
    );
    await expect(waiting).rejects.toThrow('interrupted');
    expect(told).toEqual(['waits']);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  test('in a folder that is not there is an error, not a wait', async () => {
    const lost = whileLocked(shop(), join(folder, 'no/such'), () => Promise.resolve());
    await expect(lost).rejects.toThrow('ENOENT');
    writeFileSync(file, '');
    expect(await whileLocked(shop(), file, () => Promise.resolve('in'))).toBe('in');
  });
});
