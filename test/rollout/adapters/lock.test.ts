import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { wallClock } from '../../../rollout/adapters/clock.ts';
import { takeLocalLock } from '../../../rollout/adapters/local-lock.ts';
import { runningOwner, takeLock } from '../../../rollout/adapters/lock.ts';
import { isDead, ownerOf } from '../../../rollout/adapters/owner.ts';
import { connectRedis, redisPlace } from '../../../rollout/adapters/redis.ts';
import { takeRedisLock } from '../../../rollout/adapters/redis-lock.ts';
import { boxOf, openWishes } from '../../../rollout/adapters/wishes.ts';
import { deadPlace } from '../../support/free-port.ts';
import { startRedis } from '../../support/redis-server.ts';

const owner = ownerOf('r1', 'ann@host', Date.now());
const dead = { ...owner, run: 'r0', pid: 4_190_000 };

let stop: () => void = () => undefined;
let signal: (name: 'SIGSTOP' | 'SIGCONT') => void = () => undefined;
let place = { host: '127.0.0.1', port: 0, database: 6 };

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'rtpfleet-redis-'));
  const { host, port, child } = await startRedis({ dir });
  signal = (name) => child.kill(name);
  stop = () => {
    child.kill();
    rmSync(dir, { recursive: true, force: true });
  };
  place = { ...place, host, port };
});

afterAll(() => stop());

test('on one machine a second rollout is refused and told who has the lock; a released one is free', async () => {
  const name = `test-${process.pid}`;
  const lock = await takeLocalLock(name, owner);
  await expect(takeLocalLock(name, owner)).rejects.toMatchObject({
    kind: 'locked',
    message: expect.stringContaining('run r1 by ann@host'),
  });
  await lock.release();
  await (await takeLocalLock(name, owner)).release();
});

test('a Redis that no longer answers keeps nobody from ending', async () => {
  const lock = await takeRedisLock(place, 'fleet-s', owner, wallClock);
  signal('SIGSTOP');
  try {
    await lock.release();
    await expect(takeRedisLock(place, 'fleet-s', owner, wallClock)).rejects.toMatchObject({
      code: 'redis-unreachable',
    });
  } finally {
    signal('SIGCONT');
  }
});

test('in Redis a second rollout is refused; each owner has a higher token', async () => {
  const first = await takeRedisLock(place, 'fleet-a', owner, wallClock);
  const second = takeRedisLock(place, 'fleet-a', { ...owner, run: 'r2' }, wallClock);
  await expect(second).rejects.toMatchObject({ kind: 'locked', message: expect.stringContaining('run r1') });
  expect(() => first.check()).not.toThrow();
  await first.release();
  const third = await takeRedisLock(place, 'fleet-a', { ...owner, run: 'r3' }, wallClock);
  expect(third.token).toBeGreaterThan(first.token);
  await third.release();
});

test('a Redis that asks for a password is told it; without it there is no lock', async () => {
  const client = await connectRedis(place);
  onTestFinished(async () => {
    await client.configSet('requirepass', '');
    client.destroy();
  });
  await client.configSet('requirepass', 'hush');
  const lock = await takeRedisLock({ ...place, password: 'hush' }, 'fleet-p', owner, wallClock);
  await lock.release();
  for (const wrong of [place, { ...place, password: 'loud' }]) {
    const failure: unknown = await takeRedisLock(wrong, 'fleet-p', owner, wallClock).catch((error) => error);
    expect(failure).toMatchObject({ code: 'redis-refused' });
    expect(String(failure)).not.toContain('loud');
    const control = { project: 'p', fleet: 'fleet-p', endpoint: undefined, redis: wrong };
    // Nor one on this machine alone: the Redis is there, and others may have the lock in it.
    await expect(takeLock({ ...control, owner, clock: wallClock })).rejects.toThrow(
      /refuses: (NOAUTH|WRONGPASS)/,
    );
    await expect(runningOwner(control)).rejects.toMatchObject({ code: 'redis-refused' });
  }
});

test('a Redis that may only be read, as a replica, gives no lock', async () => {
  const client = await connectRedis(place);
  onTestFinished(async () => {
    await client.sendCommand(['REPLICAOF', 'NO', 'ONE']);
    client.destroy();
  });
  const { host, port } = await deadPlace();
  await client.sendCommand(['REPLICAOF', host, String(port)]);
  const control = { project: 'p', fleet: 'fleet-r', endpoint: undefined, redis: place };
  await expect(takeLock({ ...control, owner, clock: wallClock })).rejects.toMatchObject({
    code: 'redis-refused',
  });
});

test('the lock of a rollout that was killed on this machine is taken over, and that is said', async () => {
  expect(isDead(dead)).toBe(true);
  expect(isDead(owner)).toBe(false);
  expect(isDead({ ...dead, scope: 'another machine' })).toBe(false);
  await takeRedisLock(place, 'fleet-b', dead, wallClock);
  const lock = await takeRedisLock(place, 'fleet-b', owner, wallClock);
  expect(lock.tookOver).toBe('r0');
  await lock.release();
});

test('a lock that could not be renewed in time is lost', async () => {
  let now = Date.now();
  const lock = await takeRedisLock(place, 'fleet-c', owner, { ...wallClock, now: () => now });
  now += 14_000;
  expect(() => lock.check()).toThrow(expect.objectContaining({ kind: 'stop', code: 'lock-lost' }));
  await lock.release();
});

test('with a Redis that does not answer the lock is local, and says so', async () => {
  const redis = { ...place, ...(await deadPlace()) };
  const options = {
    fleet: 'f',
    project: `p${process.pid}`,
    endpoint: undefined,
    redis,
    owner,
    clock: wallClock,
  };
  const lock = await takeLock(options);
  expect(lock).toMatchObject({ kind: 'local', detail: expect.stringContaining('cannot be reached') });
  await expect(takeLock(options)).rejects.toMatchObject({ kind: 'locked' });
  await lock.release();
});

test('the place of the lock is the Redis of the relays, in the control database', () => {
  expect(redisPlace('10.0.0.3:6379/5', 6)).toEqual({ host: '10.0.0.3', port: 6379, database: 6 });
  expect(redisPlace('nonsense', 6)).toBeUndefined();
});

test('who asks finds the run that is on, here and in Redis; a killed one is none', async () => {
  const control = { fleet: 'fleet-d', project: `p${process.pid}`, endpoint: undefined, redis: place };
  expect(await runningOwner(control)).toBeUndefined();
  const lock = await takeLock({ ...control, owner, clock: wallClock });
  expect(await runningOwner(control)).toEqual({ owner, shared: true });
  expect(await runningOwner({ ...control, redis: undefined })).toEqual({ owner, shared: false });
  await lock.release();
  expect(await runningOwner(control)).toBeUndefined();
  await takeRedisLock(place, 'fleet-d', dead, wallClock);
  expect(await runningOwner(control)).toBeUndefined();
});

test('a run hears what it is asked through Redis and through its file, the newest counts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-wish-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'r1.jsonl.wish');
  const control = { fleet: 'fleet-e', project: 'p', endpoint: undefined, redis: place };
  const wishes = await openWishes('r1', file, { redis: place, fleet: 'fleet-e' });
  expect(await wishes.read()).toBeUndefined();
  const pause = { run: 'r1', kind: 'pause', uncordon: false, by: 'ann@host', at: 1 } as const;
  const shared = await boxOf({ ...owner, wishes: file }, true, control);
  await shared.write(JSON.stringify(pause));
  expect(await wishes.read()).toEqual(pause);
  const local = await boxOf({ ...owner, wishes: file }, false, control);
  await local.write(JSON.stringify({ ...pause, kind: 'resume', at: 2 }));
  expect(await wishes.read()).toMatchObject({ kind: 'resume' });
  expect(shared.where).toContain(`Redis ${place.host}`);
  expect(local.where).toBe(file);
  shared.close();
  wishes.close();
  expect(await local.read()).toBeUndefined();
});
