import { expect, test } from 'vitest';
import type { CloudRelay, Look } from '../../rollout/core/fleet.ts';
import { createObserver } from '../../rollout/observe.ts';
import type { Cloud, Relays } from '../../rollout/ports.ts';
import { answer, cordonOf, NOW, SILENCE, stale } from './support/fleets.ts';

const refuse = () => Promise.reject(new Error('not asked'));

/** An observer of relays that a test may change between rounds; `asked` = what it asked. */
function watch(...relays: CloudRelay[]) {
  const asked: string[] = [];
  const state = { now: NOW, look: answer() as Look, relays };
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
  const scope = {
    name: 'f',
    zones: ['a'],
    policy: { goodAnswers: 3, pollSeconds: 1, emptyCallSeconds: 60, tail: 'hold' as const },
  };
  const observer = createObserver({ cloud, relays: relaysPort, clock }, scope);
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
