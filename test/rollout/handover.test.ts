/** Whole rollouts of relays with floating addresses: live calls go on elsewhere, whatever happens on the way. */
import { expect, test } from 'vitest';
import { Killed } from '../../bench/rollout/ports.ts';
import type { EventBody } from '../../rollout/core/events.ts';
import type { Policy } from '../../rollout/core/policy.ts';
import { type FakeFleet, type FakeOptions, fakeFleet } from './support/fake-fleet.ts';
import { POLICY } from './support/fleets.ts';

const policy: Policy = { ...POLICY, pollSeconds: 0.25, tail: 'hand-over', preCordon: 1 };
/** Calls that outlast the whole rollout. */
const LONG = 3_600_000;
const relays = { zones: 1, perZone: 3, floating: true, shortest: LONG, callsForMs: 2_000 };

function expectHome({ world }: FakeFleet): void {
  expect(world).toMatchObject({ cut: 0, refused: 0, misplaced: 0, begun: undefined });
  for (const { name, at, moved } of world.relays) expect({ at, moved }).toEqual({ at: name, moved: [] });
  for (const relay of world.relays)
    expect(relay).toMatchObject({ limit: -1, cordon: undefined, awaitsController: false });
}

function expectRolled(fleet: FakeFleet): void {
  expectHome(fleet);
  for (const { template } of fleet.world.relays) expect(template).toBe(fleet.world.target);
  const calls = fleet.world.relays.reduce((sum, relay) => sum + relay.calls.length, 0);
  expect(calls).toBe(fleet.world.placed);
}

const acts = (events: readonly EventBody[]) =>
  events.flatMap((event) => (event.kind === 'action-done' ? [`${event.action} ${event.relay.name}`] : []));

test('relays are replaced long before their calls end, which are all up afterwards, each where it was', async () => {
  const fleet = fakeFleet(relays);
  expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
  expect(fleet.world.placed).toBeGreaterThanOrEqual(20);
  expectRolled(fleet);
  const ended = fleet.events.at(-1);
  expect(ended?.kind === 'run-ended' && ended.seconds).toBeLessThan(120);
  for (const index of [0, 1, 2]) {
    const own = acts(fleet.events).filter((line) => line.endsWith(`sim-z0-${index}`));
    const moves = own.filter((line) => /hand-over|replace|give-back|admit/.test(line));
    expect(moves.map((line) => line.split(' ')[0])).toEqual(['hand-over', 'replace', 'give-back', 'admit']);
  }
  const moved = fleet.events.flatMap((event) =>
    event.kind === 'action-done' && event.moved !== undefined ? [event.moved.mostPackets] : [],
  );
  expect(moved).toEqual([1, 1, 1, 1, 1, 1]);
});

test('gates are asked about each relay that stops taking new calls, also for the sake of another', async () => {
  const fleet = fakeFleet(relays);
  const asked: string[] = [];
  const consent = async (names: readonly string[]) => {
    asked.push(...names);
    return { kind: 'go' } as const;
  };
  expect(await fleet.start(policy, { consent })).toMatchObject({ result: 'done' });
  const ended = fleet.events.at(-1);
  expect(ended?.kind === 'run-ended' && ended.seconds).toBeLessThan(120);
  const cordons = acts(fleet.events).filter((line) => line.startsWith('cordon '));
  expect(asked.length).toBeGreaterThan(cordons.length);
  expectRolled(fleet);
});

test('with a budget that one relay fills, calls are waited for', async () => {
  const fleet = fakeFleet({ ...relays, shortest: 20_000 });
  expect(await fleet.start({ ...policy, preCordon: 0 })).toMatchObject({ result: 'done' });
  expect(acts(fleet.events).join()).not.toContain('hand-over');
  expectHome(fleet);
});

test('killed before or after any effect, a fresh controller goes on: nothing cut, every address at home', async () => {
  const whole = fakeFleet(relays);
  await whole.start(policy);
  for (let killAt = 1; killAt <= whole.steps(); killAt += 1) {
    const fleet = fakeFleet(relays);
    await expect(fleet.start(policy, { killAt })).rejects.toThrow(Killed);
    expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
    expectRolled(fleet);
  }
}, 60_000);

test('a run without hand-over brings home what an earlier one left elsewhere', async () => {
  const whole = fakeFleet(relays);
  await whole.start(policy);
  const half = { ...relays, shortest: 60_000 } satisfies FakeOptions;
  for (let killAt = 5; killAt <= whole.steps(); killAt += 7) {
    const fleet = fakeFleet(half);
    await fleet.start(policy, { killAt }).catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
    expect(await fleet.start(POLICY)).toMatchObject({ result: 'done' });
    expectHome(fleet);
  }
}, 60_000);

test.each(['abort', 'rollback'] as const)(
  '%s after a kill anywhere: calls and addresses are home again',
  async (way) => {
    const whole = fakeFleet(relays);
    await whole.start(policy);
    for (let killAt = 3; killAt <= whole.steps(); killAt += 2) {
      const fleet = fakeFleet(relays);
      await expect(fleet.start(policy, { killAt })).rejects.toThrow(Killed);
      if (way === 'rollback') fleet.world.target = 'old';
      else
        fleet.wishes.set('r2', {
          ...{ run: 'r2', kind: 'abort', uncordon: true, by: 'ann', at: fleet.now() },
        });
      const end = await fleet.start(policy);
      expect(end.result).toBe(way === 'abort' ? 'aborted' : 'done');
      expect(fleet.world.cut).toBe(0);
      for (const { name, at } of fleet.world.relays) expect(at).toBe(name);
      if (way === 'rollback') expectRolled(fleet);
    }
  },
  60_000,
);

test('lost answers and failing effects: nothing is cut, and it ends', async () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const fleet = fakeFleet({ ...relays, seed, faults: { silence: 0.1, effect: 0.1 } });
    expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
    expectRolled(fleet);
  }
}, 60_000);
