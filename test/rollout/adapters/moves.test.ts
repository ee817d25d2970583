/** How a rollout moves calls: a real Redis, two model relays that use it, and Google's rule for the address. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FleetError } from '../../../lib/errors.ts';
import type { Gce } from '../../../lib/gce.ts';
import { type MovesAt, openMoves } from '../../../rollout/adapters/moves.ts';
import { startRedis, type TestRedis } from '../../support/redis-server.ts';
import { inDatabase, type MovingRelay, startMovingRelay, type Wire } from '../support/moving-relay.ts';

const ADDRESS = '10.0.0.50';
const [COPIES, OF_A, OF_B] = [6, 7, 8];
const ZONE = 'us-central1-a';
const LOST = 3;

let dir: string;
let redis: TestRedis;
let a: MovingRelay;
let b: MovingRelay;
let wire: Wire;
let targets: string[];
let neverArrivesAt: string;
let moves: ReturnType<typeof openMoves>;
let place: Awaited<ReturnType<MovesAt['redis']>>;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rtpfleet-moves-'));
  redis = await startRedis({ dir });
  place = { host: redis.host, port: redis.port };
  wire = { at: 'f-0', sequence: 100 };
  targets = [];
  neverArrivesAt = '';
  a = await startMovingRelay('f-0', OF_A, redis, wire, ADDRESS);
  b = await startMovingRelay('f-1', OF_B, redis, wire, ADDRESS);
  let now = 0;
  const sleep = async (ms: number) => {
    now += ms;
  };
  moves = openMoves({
    gce: cloud(),
    open: ({ name }) => (name === 'f-0' ? a : b).relay,
    redis: async () => place,
    through: COPIES,
    // Each look costs a little, so that whoever waits comes to an end.
    clock: { now: () => (now += 1), sleep },
  });
});

afterEach(async () => {
  moves.close();
  await Promise.all([a.close(), b.close()]);
  redis.child.kill();
  rmSync(dir, { recursive: true, force: true });
});

/** Forwarding rules that do as they are told; packets are lost on the way. */
function cloud(): Gce {
  const call = async (service: string, method: string, request: Record<string, unknown>) => {
    expect([service, method, request.region]).toEqual(['forwardingRules', 'setTarget', 'us-central1']);
    const { target } = request.targetReferenceResource as { readonly target: string };
    targets.push(`${request.forwardingRule} → ${target.split('/').slice(-3).join('/')}`);
    const to = target.split('/').at(-1) ?? '';
    wire.at = to === neverArrivesAt ? '' : to;
    wire.sequence += LOST;
    return {};
  };
  return { project: 'p', call, done: async () => ({}) } as unknown as Gce;
}

const move = () =>
  moves.move({ giver: a.place, taker: b.place, home: { zone: ZONE, name: 'f-0' }, address: ADDRESS });
const keys = (database: number) => inDatabase(redis, database, (client) => client.keys('*'));
const movable = () => moves.movable(a.place, ADDRESS);

test('calls go with their address, and nothing of them is left behind', async () => {
  await a.call('one', ADDRESS);
  await a.call('two', ADDRESS);
  await b.call('three', '10.0.0.51');
  expect(await movable()).toEqual({ kind: 'yes' });
  const { calls, mostPackets, gaps } = await move();
  expect(calls).toBe(2);
  expect(gaps.map(({ callId }) => callId).toSorted()).toEqual(['one', 'two']);
  expect(mostPackets).toBeGreaterThanOrEqual(LOST);
  expect(targets).toEqual(['f-0 → us-central1-a/targetInstances/f-1']);
  expect([a.own(), a.foreign(), b.foreign()]).toEqual([[], [], []]);
  expect(b.own().toSorted()).toEqual(['one', 'three', 'two']);
  expect([await keys(COPIES), await keys(OF_A), await moves.begun()]).toEqual([[], [], undefined]);
});

test('calls of an address that came as a guest go back alone', async () => {
  await a.call('own', '10.0.0.51');
  await a.call('guest', ADDRESS);
  expect((await move()).calls).toBe(1);
  expect([a.own(), b.own()]).toEqual([['own'], ['guest']]);
  expect(await keys(OF_A)).toEqual(['own']);
});

test('one call that cannot move keeps all where they are; it is said why, and asked again', async () => {
  await a.call('one', ADDRESS);
  await a.call('secret', ADDRESS);
  await inDatabase(redis, OF_A, (client) => client.del('secret'));
  const because = '1 call of f-0 cannot move, secret: the relay keeps nothing of it in Redis';
  expect(await movable()).toEqual({ kind: 'no', because });
  await expect(move()).rejects.toMatchObject({ kind: 'retry', code: 'handover-wait' });
  expect([targets, a.own(), await keys(COPIES)]).toEqual([[], ['one', 'secret'], []]);
});

test('a relay without a database of its own moves nothing in the whole run', async () => {
  await a.call('one', ADDRESS);
  a.texts['params current'] = 'redis-db = -1\nredis-write-db = -1\n';
  expect(await movable()).toEqual({ kind: 'no', because: 'f-0 has no one database in Redis' });
  await expect(move()).rejects.toMatchObject({ kind: 'hold', code: 'handover' });
  expect([targets, a.own()]).toEqual([[], ['one']]);
});

test('an address that does not arrive goes back with its calls', async () => {
  await a.call('one', ADDRESS);
  neverArrivesAt = 'f-1';
  await expect(move()).rejects.toMatchObject({ kind: 'hold', code: 'handover-back' });
  expect(targets.map((line) => line.split('/').at(-1))).toEqual(['f-1', 'f-0']);
  expect([a.own(), await keys(OF_A), await keys(COPIES)]).toEqual([['one'], ['one'], []]);
});

test('a move that was begun is told to whoever asks, whoever began it', async () => {
  expect(await moves.begun()).toBeUndefined();
  const note = { giver: 'f-0', taker: 'f-1', stage: 'moving', calls: [], talking: false };
  const write = (text: string) =>
    inDatabase(redis, COPIES, (client) => client.hSet('rtpfleet:handover', 'note', text));
  await write(JSON.stringify({ ...note, address: ADDRESS }));
  expect(await moves.begun()).toEqual({ giver: 'f-0', taker: 'f-1', address: ADDRESS });
  // Of older versions, which wrote no address.
  await write(JSON.stringify(note));
  expect(await moves.begun()).toEqual({ giver: 'f-0', taker: 'f-1', address: '' });
  await write('{"giver":');
  await expect(moves.begun()).rejects.toMatchObject({ kind: 'stop', code: 'handover-note' });
});

test('a Redis that is away is no error: nothing is known, nothing moves, and it is asked again', async () => {
  await a.call('one', ADDRESS);
  expect(await moves.begun()).toBeUndefined();
  redis.child.kill();
  await once(redis.child, 'close');
  const unreachable = expect.stringContaining('cannot be reached');
  expect(await movable()).toEqual({ kind: 'no', because: unreachable });
  expect(await moves.begun()).toBe('unknown');
  // There is no connection left now.
  expect(await movable()).toEqual({ kind: 'no', because: unreachable });
  await expect(move()).rejects.toMatchObject({ kind: 'retry', code: 'redis-unreachable' });
  redis = await startRedis({ dir, place });
  expect(await moves.begun()).toBeUndefined();
});

test('where Redis is is asked again when it could not be told', async () => {
  const error = new FleetError({ kind: 'retry', code: 'gce-timeout', message: 'not now' });
  let asked = 0;
  const late = openMoves({
    ...{ gce: cloud(), open: () => a.relay, through: COPIES },
    clock: { now: () => 0, sleep: async () => undefined },
    redis: async () => {
      asked += 1;
      if (asked === 1) throw error;
      return place;
    },
  });
  expect(await late.begun()).toBe('unknown');
  expect(await late.begun()).toBeUndefined();
  expect(await late.begun()).toBeUndefined();
  expect(asked).toBe(2);
  late.close();
});
