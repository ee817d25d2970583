import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run } from '../../../scripts/setup/run.mjs';
import { Interrupted } from '../../../scripts/setup/say.mjs';

const sh = (script: string, options = {}) => run('sh', ['-c', script], options);

describe('run', () => {
  it('gives back the exit code and the last lines of both streams', async () => {
    const { code, tail } = await sh('seq 1 50; echo why >&2; exit 7');
    expect(code).toBe(7);
    expect(tail.split(/\s+/)).toEqual([
      '40',
      '41',
      '42',
      '43',
      '44',
      '45',
      '46',
      '47',
      '48',
      '49',
      '50',
      'why',
    ]);
  });

  it('says 127 for a program that is not there', async () => {
    expect((await run('no-such-program', [])).code).toBe(127);
  });

  it('waits for nobody to type', async () => {
    expect((await sh('cat')).code).toBe(0);
  });

  it('ends the program with itself, and says by which signal', async () => {
    const running = sh('sleep 60');
    await sleep(200);
    process.kill(process.pid, 'SIGINT');
    const error: unknown = await running.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Interrupted);
    expect(error).toMatchObject({ signal: 'SIGINT' });
  });

  it('lets an unbroken program finish first', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'run-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'finished');
    const running = sh(`sleep 1; touch ${file}`, { unbroken: true });
    await sleep(200);
    process.kill(process.pid, 'SIGINT');
    await expect(running).rejects.toThrow(Interrupted);
    expect(existsSync(file)).toBe(true);
  });
});
