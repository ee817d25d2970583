import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labNames } from '../../lab/names.ts';
import type { Report } from '../../rollout/report/types.ts';

/** Images may have to be built first. */
const LONGEST_MS = 20 * 60_000;
const ROOT = join(import.meta.dirname, '../..');
const parent = realpathSync(mkdtempSync(join(tmpdir(), 'rtpfleet-demo-')));
const folder = join(parent, 'lab');
const demos: ChildProcess[] = [];

beforeAll(() => {
  if (process.getuid?.() !== 0) throw new Error('the demo needs root');
});

afterAll(() => {
  for (const demo of demos) demo.kill('SIGKILL');
  spawnSync(process.execPath, [join(ROOT, 'lab/cli.ts'), 'down'], { env: environment() });
  rmSync(parent, { recursive: true, force: true });
});

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, RTPFLEET_LAB: folder };
}

function startDemo() {
  const child = spawn(process.execPath, [join(ROOT, 'lab/demo/main.ts')], {
    cwd: ROOT,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  demos.push(child);
  let text = '';
  const changed = new EventTarget();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += String(chunk);
      changed.dispatchEvent(new Event('text'));
    });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  const says = (words: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => words.test(text) && resolve();
      changed.addEventListener('text', look);
      void exit.then(() => reject(new Error(`the demo ended before it said ${words}:\n${text}`)));
      look();
    });
  return { child, exit, says, text: () => text };
}

/** Everything of this lab that can be seen on the machine: processes, mounts, network devices and namespaces, files. */
function traces(): readonly string[] {
  const { id } = labNames(folder);
  const isOurs = (line: string) => line.includes(id) || line.includes(parent);
  const own = new Set([String(process.pid), ...demos.map(({ pid }) => String(pid))]);
  const processes = readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && !own.has(pid))
    .map((pid) => `${pid} ${commandOf(pid)}`)
    .filter(isOurs);
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n').filter(isOurs);
  const links = spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' }).stdout.split('\n').filter(isOurs);
  const namespaces = spawnSync('ip', ['netns'], { encoding: 'utf8' }).stdout.split('\n').filter(isOurs);
  const loops = spawnSync('losetup', ['-a'], { encoding: 'utf8' }).stdout.split('\n').filter(isOurs);
  return [...processes, ...mounts, ...links, ...namespaces, ...loops, ...readdirSync(parent)];
}

function commandOf(pid: string): string {
  try {
    const environ = readFileSync(`/proc/${pid}/environ`, 'latin1');
    const inLab = environ.includes(`RTPFLEET_LAB=${folder}\0`) ? parent : '';
    return `${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')} ${inLab}`;
  } catch {
    return ''; // it ended meanwhile
  }
}

test(
  'Ctrl-C while an image is on its way: everything down, exit code 130',
  async () => {
    const demo = startDemo();
    await demo.says(/Upload and import/);
    demo.child.kill('SIGINT');
    expect(await demo.exit).toBe(130);
    expect(traces()).toEqual([]);
    expect(demo.text()).toContain('Everything that the demo had started is down.');
  },
  LONGEST_MS,
);

test(
  'Ctrl-C in the middle of the rollout, and again while it cleans up: everything down, exit code 130',
  async () => {
    const demo = startDemo();
    await demo.says(/takes no new calls/);
    expect(traces().length).toBeGreaterThan(5);
    demo.child.kill('SIGINT');
    await demo.says(/taking everything down/);
    demo.child.kill('SIGINT');
    expect(await demo.exit).toBe(130);
    expect(traces()).toEqual([]);
    expect(demo.text()).not.toContain('    at ');
  },
  LONGEST_MS,
);

test(
  'kill -9 with calls up; the next demo removes what was left, and does not lose one packet',
  async () => {
    const killed = startDemo();
    await killed.says(/at once, and they keep coming/);
    killed.child.kill('SIGKILL');
    await killed.exit;
    expect(existsSync(`${folder}.demo`)).toBe(true);
    const demo = startDemo();
    await demo.says(/Removed what a demo left that was killed/);
    const other = startDemo();
    expect(await other.exit).toBe(4);
    expect(other.text()).toMatch(/A demo runs already on the lab in .* \(process \d+\)/);
    expect(await demo.exit, demo.text()).toBe(0);
    expect(demo.text().trimEnd().split('\n').at(-1)).toMatch(
      /^demo: \d+ calls, 0 cut, 0 of \d+ RTP packets lost, 3 of 3 relays on mr12\.5\.1\.31$/,
    );
    expect(traces()).toEqual([]);
    expectGood(JSON.parse(readFileSync(join(ROOT, 'report.json'), 'utf8')) as Report);
  },
  LONGEST_MS,
);

function expectGood({ verdict, run, relays, calls }: Report): void {
  expect(verdict).toEqual({ ok: true, relays: 3, onTarget: 3, problems: [] });
  expect(run).toMatchObject({ versionsBefore: ['mr10.5.3.5'], versionsAfter: ['mr12.5.1.31'] });
  expect(calls).toMatchObject({ cut: 0, packetsLost: 0, stray: 0, sendErrors: 0, complete: true });
  expect(calls?.calls).toBeGreaterThan(100);
  expect(calls?.leastAtOnce).toBeGreaterThanOrEqual(30);
  expect(calls?.shortestSeconds).toBeGreaterThanOrEqual(5);
  expect(calls?.longestSeconds).toBeLessThanOrEqual(20.5);
  expect(calls?.diverted).toBeGreaterThan(0);
  for (const { cordonedAt, emptyAt, replacedAt, admittedAt, callsWhenCordoned } of relays) {
    expect([cordonedAt, emptyAt, replacedAt, admittedAt]).toEqual(
      [cordonedAt, emptyAt, replacedAt, admittedAt].toSorted(),
    );
    expect(callsWhenCordoned).toBeGreaterThan(0);
  }
}
