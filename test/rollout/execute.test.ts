import { expect, test } from 'vitest';
import { newTarget } from '../../bench/rollout/fleets.ts';
import type { Act } from '../../rollout/core/actions.ts';
import type { Cordon, Look, Movable, Relay, Settings } from '../../rollout/core/fleet.ts';
import { type Effects, execute } from '../../rollout/execute.ts';
import type { Move } from '../../rollout/ports.ts';
import { answer, cordonOf, draining, empty, joining, NOW, POLICY, SILENCE, stale } from './support/fleets.ts';

type World = {
  readonly settings?: Settings;
  readonly look?: Look;
  readonly probeOk?: boolean;
  readonly proxies?: boolean;
  readonly movable?: Movable;
  /** As the cloud shows it right before a replacement. */
  readonly zone?: readonly Relay[];
};

/** Every effect in order, as it was asked for. */
async function effectsOf(act: Act, world: World = {}): Promise<readonly string[]> {
  return (await carriedOut(act, world)).log;
}

async function detailOf(act: Act, world: World = {}): Promise<string | undefined> {
  return (await carriedOut(act, world)).detail;
}

async function carriedOut(act: Act, world: World) {
  const log: string[] = [];
  const note = async (text: string) => void log.push(text);
  const tell = (text: string) => (world.proxies === true ? String(log.push(text)) : undefined);
  const settings = ({ limit, deleteDelay, timeouts }: Settings) =>
    `${limit}/${deleteDelay}${timeouts === undefined ? '' : `/${timeouts.silent}/${timeouts.offer}`}`;
  const moves = {
    begun: async () => undefined,
    movable: async () => {
      log.push('movable');
      return world.movable ?? ({ kind: 'yes' } as const);
    },
    move: async ({ giver, taker, home, address }: Move) => {
      log.push(`move ${address} of ${home.name}: ${giver.name} to ${taker.name}`);
      return { calls: 2, mostPackets: 1, gaps: [] };
    },
  };
  const effects: Effects = {
    moves,
    clock: { now: () => NOW, sleep: async () => undefined },
    cloud: {
      readZone: async () => ({ target: newTarget('a'), relays: world.zone ?? [] }),
      readReport: () => Promise.reject(new Error('not asked')),
      mark: (_, { by, before }: Cordon) => note(`mark ${by} ${settings(before)}`),
      unmark: () => note('unmark'),
      awaitController: () => note('await controller'),
      release: () => note('release'),
      replace: () => note('replace'),
    },
    relays: {
      look: async () => {
        log.push('look');
        return world.look ?? answer({ limit: 0, at: NOW + 500, uptime: 3601 });
      },
      settings: async () => world.settings ?? { limit: 400, deleteDelay: 30 },
      cordon: () => note('cordon'),
      ages: async () => undefined,
      callIds: async () => (world.look?.kind === 'silence' ? undefined : ['x1', 'x2']),
      timeouts: async () => ({ silent: 3600, offer: 30 }),
      setTimeouts: (_, { silent, offer }) => note(`timeouts ${silent} ${offer}`),
      restore: (_, wanted) => note(`restore ${settings(wanted)}`),
      emptyCalls: async () => [],
      removeEmptyCalls: async () => 1,
      probe: async () => {
        log.push('probe');
        return { ok: world.probeOk ?? true, detail: 'detail' };
      },
    },
    proxies: {
      check: async () => undefined,
      leaveOut: async ({ address }) => tell(`leave out${at(address)}`),
      takeBack: async ({ address }) => tell(`take back${at(address)}`),
      leftOut: async () => [],
    },
  };
  const done = await execute(act, effects, { run: 'r1', policy: POLICY }).catch((error: Error) => {
    log.push(`! ${error.message}`);
    return undefined;
  });
  return { log, detail: done?.detail, cut: done?.cut };
}

/** The address that every relay of these tests has is not told. */
const at = (address: string) => (address === '192.0.2.1' ? '' : ` ${address}`);

const because = 'test';

test('a cordon writes its intent and the old settings on the VM before it touches the relay', async () => {
  expect(await effectsOf({ kind: 'cordon', relay: stale('a1'), because })).toEqual([
    'mark r1 400/30',
    'cordon',
  ]);
});

test('a relay that was cordoned by a restart gets the fleet’s own limit as the one to come back to', async () => {
  const settings = { limit: 0, deleteDelay: 5 };
  const log = await effectsOf({ kind: 'cordon', relay: stale('a1'), because }, { settings });
  expect(log[0]).toBe('mark r1 -1/5');
});

test('a relay is looked at once more right before it is replaced', async () => {
  const act: Act = { kind: 'replace', relay: empty('a1'), because };
  expect(await effectsOf(act)).toEqual(['await controller', 'look', 'replace']);
  const held: Act = { ...act, relay: empty('a1', { awaitsController: true }) };
  expect(await effectsOf(held)).toEqual(['look', 'replace']);
});

test.each<readonly [string, Look]>([
  ['1 call left', answer({ limit: 0, own: 1, at: NOW + 500, uptime: 3601 })],
  ['it takes calls', answer({ limit: -1, at: NOW + 500, uptime: 3601 })],
  ['it does not answer: no answer to statistics', SILENCE],
])('and is not replaced when %s', async (why, look) => {
  const log = await effectsOf({ kind: 'replace', relay: empty('a1'), because }, { look });
  expect(log).toEqual(['await controller', 'look', `! a1 is not replaced: right before, ${why}`]);
});

test('a relay is probed, then takes calls, then is released', async () => {
  const act: Act = { kind: 'admit', relay: joining('a1'), because };
  expect(await effectsOf(act)).toEqual(['probe', 'restore -1/unknown', 'release']);
  expect(await effectsOf(act, { probeOk: false })).toEqual(['probe', '! a1: the probe call failed: detail']);
});

test('an uncordon restores the old settings before it takes the intent off', async () => {
  const relay = draining('a1', { cordon: cordonOf(), awaitsController: true });
  const act: Act = { kind: 'uncordon', relay, settings: { limit: 400, deleteDelay: 30 }, because };
  expect(await effectsOf(act)).toEqual(['restore 400/30', 'unmark', 'release']);
});

test('proxies are told once the relay is empty, and asked again before it takes calls', async () => {
  const proxies = true;
  const replace: Act = { kind: 'replace', relay: empty('a1', { awaitsController: true }), because };
  expect(await effectsOf(replace, { proxies })).toEqual(['look', 'leave out', 'look', 'replace']);
  const admit: Act = { kind: 'admit', relay: joining('a1'), because };
  expect(await effectsOf(admit, { proxies })).toEqual([
    'probe',
    'take back',
    'restore -1/unknown',
    'release',
  ]);
  const busy = answer({ limit: 0, own: 1, at: NOW + 500, uptime: 3601 });
  expect(await effectsOf(replace, { proxies, look: busy })).not.toContain('leave out');
});

test('silent calls: the timeouts from before are on the VM before they are lowered, and none is raised', async () => {
  const relay = draining('a1');
  expect(await effectsOf({ kind: 'reap', relay, because })).toEqual([
    'mark r1 -1/30/3600/30',
    'timeouts 60 30',
  ]);
  const known = {
    ...cordonOf(),
    before: { limit: -1, deleteDelay: 30, timeouts: { silent: 900, offer: 90 } },
  };
  const again = draining('a1', { cordon: known });
  expect(await effectsOf({ kind: 'reap', relay: again, because })).toEqual(['timeouts 60 60']);
  expect(await effectsOf({ kind: 'reassert', relay: again, because })).toEqual(['cordon', 'timeouts 60 60']);
});

test('a forced replacement notes the calls that it cuts, also when the relay tells none', async () => {
  const act: Act = { kind: 'force', relay: draining('a1'), because };
  expect(await effectsOf(act)).toEqual(['await controller', 'replace']);
  expect(await detailOf(act)).toBe('2 calls cut: x1, x2');
  expect((await carriedOut(act, {})).cut).toBe(2);
  expect((await carriedOut(act, { look: SILENCE })).cut).toBeUndefined();
  expect(await detailOf(act, { look: SILENCE })).toBe('it did not tell which calls that cut');
});

const seat = (name: string, at = name, carries: readonly string[] = []) => ({
  floating: { address: `10.0.0.${name.slice(1)}`, at, carries, ready: [] },
});

test('before calls move, the relay that takes them over takes no new call', async () => {
  const act = { kind: 'hand-over', relay: draining('a1', seat('a1')), resumes: false, because } as const;
  const move = 'move 10.0.0.1 of a1: a1 to a2';
  expect(await effectsOf({ ...act, to: stale('a2', seat('a2')) })).toEqual([
    'movable',
    'mark r1 400/30',
    'cordon',
    move,
  ]);
  const shut = draining('a2', seat('a2'));
  expect(await effectsOf({ ...act, to: shut })).toEqual(['movable', 'cordon', move]);
  expect(await effectsOf({ ...act, to: shut, resumes: true })).toEqual(['cordon', move]);
  const tied = { kind: 'no', because: '1 call is recorded' } as const;
  expect(await effectsOf({ ...act, to: shut }, { movable: tied })).toEqual([
    'movable',
    '! a1 keeps its calls: 1 call is recorded',
  ]);
});

test('calls come home from the relay that has them', async () => {
  const act: Act = {
    kind: 'give-back',
    relay: joining('a1', seat('a1', 'a2')),
    from: draining('a2'),
    because,
  };
  expect(await effectsOf(act)).toEqual(['move 10.0.0.1 of a1: a2 to a1']);
  expect((await carriedOut(act, {})).detail).toBe(
    '2 calls and their address are with a1; at most 1 packet of a stream missed',
  );
});

test('a relay that has another’s address is not replaced, though it looked otherwise when that was decided', async () => {
  const relay = empty('a1', seat('a1'));
  const zone = [empty('a1', seat('a1', 'a1', ['a2']))];
  for (const kind of ['replace', 'force'] as const)
    expect(await effectsOf({ kind, relay, because }, { zone })).toEqual([
      '! a1 is not replaced: it has the address of a2',
    ]);
});

test('proxies know a relay by its floating address, and keep it while that is elsewhere', async () => {
  const proxies = true;
  const here = empty('a1', { ...seat('a1'), awaitsController: true });
  const home = await effectsOf({ kind: 'replace', relay: here, because }, { proxies });
  expect(home).toEqual(['look', 'leave out 10.0.0.1', 'look', 'replace']);
  const away = { ...here, ...seat('a1', 'a2') };
  expect(await effectsOf({ kind: 'replace', relay: away, because }, { proxies })).toEqual([
    'look',
    'replace',
  ]);
  const back = joining('a1', seat('a1'));
  expect(await effectsOf({ kind: 'admit', relay: back, because }, { proxies })).toContain(
    'take back 10.0.0.1',
  );
});
