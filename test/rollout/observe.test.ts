import { expect, test } from 'vitest';
import type { Begun, CloudRelay, Floating, Look, Movable } from '../../rollout/core/fleet.ts';
import type { Policy } from '../../rollout/core/policy.ts';
import { createObserver } from '../../rollout/observe.ts';
import type { Cloud, Moves, Relays } from '../../rollout/ports.ts';
import { answer, cordonOf, draining, NOW, SILENCE, stale } from './support/fleets.ts';

const refuse = () => Promise.reject(new Error('not asked'));

/** An observer of relays that a test may change between rounds; `asked` = what it asked. */
function watch(...relays: CloudRelay[]) {
  const asked: string[] = [];
  const state = {
    ...{ now: NOW, look: answer() as Look, relays },
    begun: undefined as Begun | 'unknown' | undefined,
    movable: { kind: 'yes' } as Movable,
    policy: { goodAnswers: 3, pollSeconds: 1, emptyCallSeconds: 60, tail: 'hold' as Policy['tail'] },
  };
  const cloud: Cloud = {
    readZone: async (zone) => {
      asked.push(`zone ${zone}`);
      return {
        target: { zone, template: 'new', image: 'i', version: 'mr1' },
        relays: state.relays.filter((relay) => relay.zone === zone),
      };
    },
    readReport: async ({ name }) => {
      asked.push(`report ${name}`);
      return { version: undefined, health: undefined };
    },
    mark: refuse,
    unmark: refuse,
    awaitController: refuse,
    release: refuse,
    replace: refuse,
  };
  const relaysPort: Relays = {
    look: async ({ name }, known) => {
      asked.push(known === undefined ? `look ${name}` : `count ${name}`);
      return { ...state.look, at: state.now };
    },
    emptyCalls: async ({ name }) => {
      asked.push(`empty ${name}`);
      return ['x'];
    },
    settings: refuse,
    cordon: refuse,
    restore: refuse,
    ages: refuse,
    callIds: refuse,
    timeouts: refuse,
    setTimeouts: refuse,
    removeEmptyCalls: refuse,
    probe: refuse,
  };
  const clock = { now: () => state.now, sleep: async () => undefined };
  const moves: Moves = {
    begun: async () => {
      asked.push('begun');
      return state.begun;
    },
    movable: async ({ name }, address) => {
      asked.push(`movable ${name} ${address}`);
      return state.movable;
    },
    move: refuse,
  };
  const scope = { name: 'f', zones: ['a'], policy: state.policy };
  // Only a fleet with floating addresses has moves.
  const floats = relays.some(({ floating }) => floating !== undefined);
  const effects = { cloud, relays: relaysPort, clock, ...(floats ? { moves } : {}) };
  const observer = createObserver(effects, scope);
  /** One round; what was asked in it. */
  const round = async (afterMs: number): Promise<readonly string[]> => {
    state.now += afterMs;
    asked.length = 0;
    await observer.observe();
    return [...asked];
  };
  const relayNow = async () => (await observer.observe()).relays[0];
  return { state, observer, round, relayNow };
}

test('a relay that nobody works on is asked for its limit seldom, and the cloud is asked seldom', async () => {
  const { round } = watch(stale('a1'));
  expect(await round(0)).toEqual(['zone a', 'look a1']);
  expect(await round(200)).toEqual([]);
  expect(await round(800)).toEqual(['count a1']);
  expect(await round(10_000)).toEqual(['zone a', 'look a1']);
});

test('a relay that drains is asked for everything in every round', async () => {
  const { round } = watch(stale('a1', { cordon: cordonOf() }));
  await round(0);
  expect(await round(100)).toEqual(['look a1']);
});

test('a relay that has restarted is asked for its limit at once', async () => {
  const { state, round } = watch(stale('a1'));
  await round(0);
  state.look = answer({ limit: 0, uptime: 1 });
  expect(await round(1_000)).toEqual(['count a1', 'look a1']);
});

test('a new VM under the same name starts without a past', async () => {
  const { state, observer, round, relayNow } = watch(stale('a1'));
  await round(0);
  await round(1_000);
  expect((await relayNow())?.looks).toHaveLength(2);
  observer.note(stale('a1'), { action: 'admit', at: NOW, next: 'retry', message: 'm' });
  expect((await relayNow())?.failure).toBeDefined();
  state.relays = [stale('a1', { id: '999' })];
  observer.note(stale('a1'), undefined);
  state.now += 1_000;
  expect(await relayNow()).toMatchObject({ id: '999', looks: [expect.anything()], failure: undefined });
});

test('silence is counted from its first look; an answer ends it', async () => {
  const { state, round, relayNow } = watch(stale('a1', { cordon: cordonOf() }));
  await round(0);
  state.look = SILENCE;
  await round(1_000);
  await round(1_000);
  expect((await relayNow())?.silentSince).toBe(NOW + 1_000);
  state.look = answer();
  await round(1_000);
  expect((await relayNow())?.silentSince).toBeUndefined();
});

test('calls without a party are only looked for where calls are counted and nothing flows', async () => {
  const { state, round, relayNow } = watch(stale('a1', { cordon: cordonOf() }));
  state.look = answer({ limit: 0, own: 1, packetRate: 50 });
  expect(await round(0)).not.toContain('empty a1');
  state.look = answer({ limit: 0, own: 1 });
  expect(await round(100)).toContain('empty a1');
  expect(await round(100)).not.toContain('empty a1');
  state.now += 5_000;
  expect((await relayNow())?.emptyCalls).toEqual(['x']);
});

test('a VM that its group is changing is not asked', async () => {
  const vm = { state: 'changing', detail: 'RECREATING STAGING', createdAt: undefined } as const;
  const { round } = watch(stale('a1', { vm }));
  expect(await round(0)).toEqual(['zone a']);
  expect(await round(600)).toEqual(['zone a']);
});

const ADDRESS = '10.0.0.50';
const home = (over: Partial<Floating> = {}): Floating => ({
  ...{ address: ADDRESS, at: 'a1', carries: [], ready: [ADDRESS], ...over },
});
const CALLS = answer({ limit: 0, own: 2, packetRate: 100, media: 4 });

/** A relay that drains with calls at its own address, in a run that lets them go on elsewhere. */
function handingOver(over: Partial<CloudRelay> = {}, look: Look = CALLS) {
  const watched = watch(draining('a1', { floating: home(), ...over }));
  watched.state.policy.tail = 'hand-over';
  watched.state.look = look;
  return watched;
}

const MOVABLE = `movable a1 ${ADDRESS}`;

test('a relay that drains is asked every 3 seconds whether its calls can move; its last word stands until then', async () => {
  const { state, round, relayNow } = handingOver();
  state.movable = { kind: 'no', because: 'one is recorded' };
  expect(await round(0)).toContain(MOVABLE);
  state.movable = { kind: 'yes' };
  expect(await round(2_999)).not.toContain(MOVABLE);
  expect((await relayNow())?.movable).toEqual({ kind: 'no', because: 'one is recorded' });
  expect(await round(1)).toContain(MOVABLE);
  expect((await relayNow())?.movable).toEqual({ kind: 'yes' });
});

test('what calls can do is not told of a new VM under the same name', async () => {
  const { state, observer, round, relayNow } = handingOver();
  await round(0);
  expect((await relayNow())?.movable).toEqual({ kind: 'yes' });
  state.relays = [stale('a1', { id: '999', floating: home() })];
  observer.note(stale('a1'), undefined);
  expect(await relayNow()).toMatchObject({ id: '999' });
  expect((await relayNow())?.movable).toBeUndefined();
});

test.each<[string, Partial<CloudRelay>, Look]>([
  ['takes new calls', { cordon: undefined }, CALLS],
  ['has its address with another', { floating: home({ at: 'a2' }) }, CALLS],
  ['has its address nowhere', { floating: home({ at: undefined }) }, CALLS],
  ['has the address of another', { floating: home({ carries: ['a2'] }) }, CALLS],
  ['is cordoned, but not yet by its own word', {}, { ...CALLS, limit: -1 }],
  ['has no call', {}, answer({ limit: 0 })],
  ['is silent', {}, SILENCE],
])('a relay that %s is not asked whether its calls can move', async (_, over, look) => {
  const { round } = handingOver(over, look);
  expect(await round(0)).not.toContain(MOVABLE);
});

test('calls that it took over are asked about like its own', async () => {
  const { round } = handingOver({}, { ...CALLS, own: 0, foreign: 1 });
  expect(await round(0)).toContain(MOVABLE);
});

test('where calls are waited for, nobody asks whether they can move', async () => {
  const { state, round } = handingOver();
  state.policy.tail = 'hold';
  expect(await round(0)).not.toContain(MOVABLE);
});

test('a call without a party that keeps others from moving is looked for though media flows', async () => {
  const { state, round } = handingOver();
  expect(await round(0)).not.toContain('empty a1');
  state.movable = { kind: 'no', because: 'one has no party' };
  expect(await round(3_000)).toEqual(expect.arrayContaining([MOVABLE, 'empty a1']));
  await round(3_000);
  // Not only in rounds in which it is asked whether they can move.
  const later = await round(2_000);
  expect([later.includes(MOVABLE), later.includes('empty a1')]).toEqual([false, true]);
});

test('a move that was begun is asked for before the addresses are read, and is part of what is seen', async () => {
  const { state, observer, round } = handingOver();
  expect((await round(0)).slice(0, 2)).toEqual(['begun', 'zone a']);
  expect(await observer.observe()).not.toHaveProperty('begun');
  for (const begun of ['unknown', { giver: 'a1', taker: 'a2', address: ADDRESS }] as const) {
    state.begun = begun;
    expect(await observer.observe()).toMatchObject({ begun });
  }
});
