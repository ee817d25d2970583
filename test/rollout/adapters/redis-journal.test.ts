import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wallClock } from '../../../rollout/adapters/clock.ts';
import { takeLock } from '../../../rollout/adapters/lock.ts';
import { ownerOf } from '../../../rollout/adapters/owner.ts';
import { openSharedJournal, readSharedJournal } from '../../../rollout/adapters/redis-journal.ts';
import type { RolloutEvent } from '../../../rollout/core/events.ts';
import { viewRunning } from '../../../rollout/running.ts';
import { blindLines } from '../../../rollout/view/running.ts';
import { freshLoopback } from '../../support/loopback.ts';
import { startRedis, type TestRedis } from '../../support/redis-server.ts';

const dir = mkdtempSync(join(tmpdir(), 'rtpfleet-redis-'));
let server: TestRedis;
let place = { host: '127.0.0.1', port: 0, database: 6 };

beforeAll(async () => {
  server = await startRedis({ dir });
  place = { ...place, host: server.host, port: server.port };
});

afterAll(() => {
  server.child.kill();
  rmSync(dir, { recursive: true, force: true });
});

const event = (run: string, because: string): RolloutEvent => ({
  v: 1,
  at: '2026-08-11T10:00:00.000Z',
  run,
  kind: 'hold',
  relay: { zone: 'z', name: 'a1' },
  because,
  overdue: false,
});

test('another machine reads every event in order, run by run', async () => {
  const journal = await openSharedJournal(place, 'fleet-a');
  const many = Array.from({ length: 2_500 }, (_, index) => event('r1', `wait ${index}`));
  for (const one of many) journal.show(one);
  journal.show(event('r2', 'last'));
  expect(await journal.close()).toBe(0);
  expect(await readSharedJournal(place, 'fleet-a')).toEqual([many, [event('r2', 'last')]]);
  expect(await readSharedJournal(place, 'fleet-b')).toEqual([]);
});

test('a Redis that was away gets what it missed; one that stays away costs no run, and the loss is counted', async () => {
  const journal = await openSharedJournal(place, 'fleet-c');
  journal.show(event('r1', 'before'));
  const gone = new Promise((resolve) => server.child.once('exit', resolve));
  server.child.kill();
  await gone;
  journal.show(event('r1', 'while it was away'));
  server = await startRedis({ dir, place });
  journal.show(event('r1', 'after'));
  const texts = async () => {
    const [run = []] = await readSharedJournal(place, 'fleet-c');
    return run.flatMap((one) => (one.kind === 'hold' ? [one.because] : []));
  };
  await expect.poll(async () => (await texts()).slice(-2)).toEqual(['while it was away', 'after']);
  expect(await journal.close()).toBe(0);
  const other = await openSharedJournal(place, 'fleet-d');
  const goneAgain = new Promise((resolve) => server.child.once('exit', resolve));
  server.child.kill();
  await goneAgain;
  other.show(event('r1', 'lost'));
  expect(await other.close()).toBe(1);
  server = await startRedis({ dir, place });
});

test('who runs a rollout and what it waits for is seen from elsewhere', async () => {
  const control = { fleet: 'fleet-e', project: 'p', endpoint: undefined, redis: place };
  const view = viewRunning(control);
  expect(await view.look()).toBeUndefined();
  const lock = await takeLock({ ...control, owner: ownerOf('r7', 'ann@host', Date.now()), clock: wallClock });
  const journal = await openSharedJournal(place, 'fleet-e');
  journal.show(event('r6', 'of an earlier run'));
  journal.show(event('r7', '3 calls left'));
  await journal.close();
  expect(await view.look()).toMatchObject({
    run: 'r7',
    by: 'ann@host',
    waits: [{ relay: 'a1', because: '3 calls left' }],
  });
  view.close();
  await lock.release();
});

test('without its Redis it is not known what other machines do, and that is said', async () => {
  const control = {
    fleet: 'fleet-f',
    project: 'p',
    endpoint: undefined,
    redis: { host: freshLoopback(), port: 6379, database: 6 },
  };
  const view = viewRunning(control);
  expect(await view.look()).toBeUndefined();
  expect(await view.last()).toBeUndefined();
  expect(blindLines(view.blind())).toEqual([
    expect.stringMatching(
      /^not known: whether a rollout from another machine is on\. Redis 127\.[0-9.]+:6379 cannot be reached/,
    ),
  ]);
  view.close();
  const sighted = viewRunning({ ...control, redis: place });
  await sighted.last();
  expect(blindLines(sighted.blind())).toEqual([]);
  sighted.close();
});
