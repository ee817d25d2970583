import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeDemoLock } from '../../lab/demo/lock.ts';
import { judge, writeReport } from '../../lab/demo/outcome.ts';
import { createPrograms } from '../../lab/demo/programs.ts';
import { wordRolloutEvent } from '../../lab/demo/roll.ts';
import { identify, isAlive } from '../../lab/host/processes.ts';
import type { RelayState } from '../../rollout/core/events.ts';
import { reportOf, SUMMARY, sampleCalls, sampleJournal } from '../report/support/sample.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-parts-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const lab = () => join(folder, 'lab');

test('a second demo on the same lab is told who runs the first; after it there is no trace of the lock', async () => {
  const first = await takeDemoLock(lab());
  await expect(takeDemoLock(lab())).rejects.toMatchObject({ code: 'demo-running', kind: 'locked' });
  await first.release();
  expect(existsSync(`${lab()}.demo`)).toBe(false);
  const second = await takeDemoLock(lab());
  expect(second.foundLeftovers).toBe(false);
  await second.release();
});

test('what a killed demo had started is ended by the next one, and nothing else is', async () => {
  const child = spawn('sleep', ['300'], { stdio: 'ignore' });
  const stranger = spawn('sleep', ['300'], { stdio: 'ignore' });
  const [left, other] = [await identify(child.pid ?? 0), await identify(stranger.pid ?? 0)];
  if (left === undefined || other === undefined) throw new Error('sleep did not start');
  const dead = { ...left, pid: 2 ** 22 + 1 };
  // The stranger has the pid of a program of that demo, but is younger: it must be left alone.
  const reused = { ...other, startTime: '1' };
  writeFileSync(`${lab()}.demo`, JSON.stringify({ owner: dead, children: [left, reused] }));
  const gone = once(child, 'exit');
  const lock = await takeDemoLock(lab());
  await gone;
  expect(lock.foundLeftovers).toBe(true);
  expect(await isAlive(other)).toBe(true);
  await lock.release();
  stranger.kill();
});

test('programs: each line is told, the exit code is theirs, and none outlives endAll', async () => {
  const pids: number[] = [];
  const programs = createPrograms(async (pid) => {
    pids.push(pid);
  });
  const file = join(folder, 'program.mjs');
  writeFileSync(file, 'console.log("one\\ntwo"); console.error("three"); process.exitCode = 7;');
  const lines: string[] = [];
  const short = await programs.start(file, [], (line) => lines.push(line));
  expect(await short.exit).toBe(7);
  expect(lines).toEqual(['one', 'two']);
  expect(short.complaint()).toBe('three');
  writeFileSync(file, 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6); console.log("up");');
  const up = Promise.withResolvers<string>();
  const stubborn = await programs.start(file, [], up.resolve);
  await up.promise;
  await programs.endAll();
  expect(await stubborn.exit).toBeGreaterThan(127);
  expect(await identify(pids[1] ?? 0)).toBeUndefined();
});

const serving = (name: string, changes: Partial<RelayState> = {}): RelayState => ({
  ...{ relay: { zone: 'z', name }, phase: 'serving', admitting: true, version: 'mr12.5.1.31' },
  ...changes,
});

async function goodRun() {
  const events = await sampleJournal();
  return { report: reportOf({ events, calls: sampleCalls(events) }), page: 'report.html' };
}

test('all well: the last line says so in the promised words', async () => {
  const outcome = judge({ ...(await goodRun()), relays: [serving('a'), serving('b'), serving('c')] });
  expect(outcome).toMatchObject({
    ok: true,
    problems: [],
    line: 'demo: 412 calls, 0 cut, 0 of 512345 RTP packets lost, 3 of 3 relays on mr12.5.1.31',
  });
});

test.each<[string, Partial<typeof SUMMARY>, readonly RelayState[]]>([
  ['a cut call', { cut: 1 }, [serving('a')]],
  ['a lost packet', { packetsLost: 1 }, [serving('a')]],
  ['too few calls at once', { leastAtOnce: 29 }, [serving('a')]],
  ['a relay on the old version', {}, [serving('a'), serving('b', { version: 'mr10.5.3.5' })]],
  ['a relay that takes no calls', {}, [serving('a', { admitting: false })]],
  ['a relay that does not answer', {}, [serving('a', { phase: 'replacing' })]],
  ['no relay', {}, []],
])('%s spoils it', async (_name, changes, relays) => {
  const events = await sampleJournal();
  const report = reportOf({ events, calls: sampleCalls(events, { ...SUMMARY, ...changes }) });
  const outcome = judge({ report, page: '', relays });
  expect(outcome.ok).toBe(false);
  expect(outcome.problems.length).toBeGreaterThan(0);
});

test('journal and calls become report.json and report.html; an empty journal is a sentence', async () => {
  const events = await sampleJournal();
  const journal = join(folder, 'journal.jsonl');
  writeFileSync(journal, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const { page } = writeReport(journal, sampleCalls(events), folder);
  expect(readFileSync(page, 'utf8')).toContain('No call was cut');
  expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toMatchObject({
    verdict: { ok: true },
  });
  writeFileSync(journal, '');
  expect(() => writeReport(journal, [], folder)).toThrow('wrote no start into its journal');
});

test('who watches is told what happens to each relay, in words', async () => {
  const words = (await sampleJournal()).flatMap((event) => wordRolloutEvent(event) ?? []);
  expect(words.some((line) => line.endsWith('takes no new calls'))).toBe(true);
  expect(words.some((line) => /: \d+ calls? left$/.test(line))).toBe(true);
  expect(words.at(-1)).toContain('takes calls again, on the new image');
});
