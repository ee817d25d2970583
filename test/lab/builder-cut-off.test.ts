/** What a build leaves that is cut off in its midst, and two of them at once: nothing, and the next one starts clean. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { remove } from '../../image-builder/cache.ts';
import { openFailingMirror } from '../support/failing-mirror.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-cut-off-'));
const work = join(folder, 'image/work');
const env = { RTPFLEET_CACHE: folder };
const signal = new AbortController().signal;
afterAll(() => remove({ log: '/dev/null', signal }, [folder]));

function build(...words: readonly string[]) {
  return execa(process.execPath, ['image-builder/cli.ts', 'build', ...words], {
    ...{ cwd: ROOT, env, reject: false },
  });
}

/** Command lines of processes that have to do with this cache. */
function busy(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return line.includes(folder) ? [line.replaceAll('\0', ' ')] : [];
      } catch {
        return []; // It ended meanwhile.
      }
    });
}

async function eventually(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (condition()) return;
    await sleep(100);
  }
  throw new Error('it never came true');
}

/** A build that is at its trees. */
async function building() {
  const child = build('--no-publish');
  await eventually(() =>
    busy().some((line) => line.startsWith('/usr/bin/perl') || / mmdebstrap /.test(line)),
  );
  // Not the child itself: a promise would be waited for.
  return { child };
}

const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8').includes(folder);

test('two plans at once on an empty cache both come out', async () => {
  const both = await Promise.all([build('--plan', '--json'), build('--plan', '--json')]);
  for (const { exitCode, stderr } of both) expect([exitCode, stderr]).toEqual([0, '']);
  expect(both[0].stdout).toBe(both[1].stdout);
});

test('an archive that refuses in the midst is one sentence, and nothing is left', async () => {
  const mirror = await openFailingMirror(30);
  try {
    const words = ['image-builder/cli.ts', 'build', '--no-publish'];
    const { exitCode, stderr } = await execa(process.execPath, words, {
      ...{ cwd: ROOT, env: { ...env, RTPFLEET_DEBIAN_MIRROR: mirror.words }, reject: false },
    });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^the system of the image, or that of its tools, cannot be installed:$/m);
    expect(stderr).toMatch(/^ {4}E: Failed to fetch http:\S+\.deb {2}503 {2}Service Unavailable/m);
    expect(stderr.match(/Failed to fetch/g)?.length).toBeLessThanOrEqual(4);
    expect(stderr).toMatch(/^ {2}Where packages cannot be fetched, look at the network and the archive/m);
  } finally {
    await mirror.close();
  }
  expect(busy()).toEqual([]);
  expect(readdirSync(work)).toEqual([]);
  expect(mounts()).toBe(false);
});

test('Ctrl-C ends a build at once: one sentence, exit code 130, nothing running, mounted or left', async () => {
  const { child } = await building();
  child.kill('SIGINT');
  const { exitCode, stderr } = await child;
  expect(exitCode).toBe(130);
  expect(stderr).toMatch(/^interrupted; nothing is left running$/m);
  await eventually(() => busy().length === 0);
  expect(readdirSync(work)).toEqual([]);
  expect(mounts()).toBe(false);
});

test('a build killed with SIGKILL leaves nothing running or mounted, and the next one removes its folders', async () => {
  const { child } = await building();
  child.kill('SIGKILL');
  await child;
  await eventually(() => busy().length === 0);
  expect(mounts()).toBe(false);
  expect(readdirSync(work)).not.toEqual([]);
  expect((await build('--plan')).exitCode).toBe(0);
  expect(readdirSync(work)).toEqual([]);
});
