import { expect, test } from 'vitest';
import { Killed } from '../../bench/rollout/ports.ts';
import { FleetError } from '../../lib/errors.ts';
import type { EventBody } from '../../rollout/core/events.ts';
import type { Policy } from '../../rollout/core/policy.ts';
import { recreate } from '../../rollout/core/simulate.ts';
import type { Wish } from '../../rollout/core/wish.ts';
import { type FakeFleet, fakeFleet } from './support/fake-fleet.ts';
import { POLICY } from './support/fleets.ts';

const policy = { ...POLICY, pollSeconds: 0.25 };

function expectRolled({ world, off }: FakeFleet): void {
  expect([...off]).toEqual([]);
  expect(world.cut).toBe(0);
  expect(world.refused).toBe(0);
  expect(world.placed).toBeGreaterThan(100);
  for (const relay of world.relays)
    expect(relay).toMatchObject({
      template: world.target,
      limit: -1,
      cordon: undefined,
      awaitsController: false,
    });
}

const told = (events: readonly EventBody[], kind: EventBody['kind']) =>
  events.filter((event) => event.kind === kind);

test('a fleet with live calls is rolled zone by zone, and no call is cut', async () => {
  const fleet = fakeFleet({ zones: 3, perZone: 2 });
  const end = await fleet.start(policy);
  expect(end).toMatchObject({ result: 'done' });
  expectRolled(fleet);
  const decided = fleet.events.flatMap((event) =>
    event.kind === 'action-done' ? [`${event.relay.zone} ${event.action}`] : [],
  );
  const once = ['cordon', 'replace', 'admit'];
  const wanted = ['z0', 'z1', 'z2'].flatMap((zone) =>
    [...once, ...once].map((action) => `${zone} ${action}`),
  );
  expect(decided).toEqual(wanted);
});

test('the journal tells who was cordoned, empty, replaced and admitted, and the new VM has another id', async () => {
  const fleet = fakeFleet();
  await fleet.start(policy);
  const [first] = fleet.events;
  expect(first).toMatchObject({
    kind: 'run-started',
    relays: [{ phase: 'stale' }, { phase: 'stale' }, { phase: 'stale' }],
  });
  expect(fleet.events.at(-1)).toMatchObject({ kind: 'run-ended', result: 'done' });
  const phases = fleet.events.flatMap((event) =>
    event.kind === 'relay-observed' && event.relay.zone === 'z0' ? [event.phase] : [],
  );
  expect(phases.filter((phase, index) => phase !== phases[index - 1])).toEqual([
    'stale',
    'draining',
    'empty',
    'replacing',
    'joining',
    'serving',
  ]);
  const admitted = told(fleet.events, 'relay-admitted');
  expect(admitted.map((event) => 'relay' in event && event.relay?.id)).toEqual(['4', '5', '6']);
});

test('with silent looks and failing calls to the cloud nothing is cut, and it ends', async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const fleet = fakeFleet({ zones: 2, perZone: 2, seed, faults: { silence: 0.1, effect: 0.2 } });
    expect(await fleet.start({ ...policy, maxUnavailable: 2 })).toMatchObject({ result: 'done' });
    expect(fleet.world.cut).toBe(0);
    expectRolled(fleet);
  }
});

test('killed before or after any effect, a fresh controller goes on: nothing cut, nothing left behind', async () => {
  const whole = fakeFleet({ zones: 2, perZone: 2 });
  await whole.start(policy);
  for (let killAt = 1; killAt <= whole.steps(); killAt += 1) {
    const fleet = fakeFleet({ zones: 2, perZone: 2 });
    await expect(fleet.start(policy, { killAt })).rejects.toThrow(Killed);
    expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
    expectRolled(fleet);
  }
});

test.each<[string, Policy]>([
  ['one by one', policy],
  ['overlapping drains and a reserve', { ...policy, maxUnavailable: 2, preCordon: 1, reserve: 'relay' }],
  ['a canary and a tail', { ...policy, bakeSeconds: 20, tail: 'reap', reapAfterSeconds: 5 }],
])(
  'killed over any line of its journal, a fresh controller goes on, nothing cut or left behind: %s',
  async (_, one) => {
    const whole = fakeFleet({ zones: 2, perZone: 2 });
    await whole.start(one);
    expect(whole.events.length).toBeGreaterThan(50);
    for (let killAtEvent = 1; killAtEvent <= whole.events.length; killAtEvent += 1) {
      const fleet = fakeFleet({ zones: 2, perZone: 2 });
      await expect(fleet.start(one, { killAtEvent })).rejects.toThrow(Killed);
      expect(fleet.events.length).toBe(killAtEvent - 1);
      expect(await fleet.start(one)).toMatchObject({ result: 'done' });
      expectRolled(fleet);
    }
  },
  120_000,
);

test('killed again and again after every few effects it still ends', async () => {
  for (let every = 3; every <= 8; every += 1) {
    const fleet = fakeFleet({ zones: 2, perZone: 2, seed: every });
    let ends = 0;
    for (let process = 0; process < 200 && ends === 0; process += 1)
      await fleet.start(policy, { killAt: every + 1 }).then(
        () => (ends += 1),
        (error: unknown) => expect(error).toBeInstanceOf(Killed),
      );
    expect(ends).toBe(1);
    expect(fleet.world.cut).toBe(0);
    expectRolled(fleet);
  }
});

test.each([
  ['the template of its old VM', 'old'],
  ['the wanted template', 'new'],
])('a relay that its group makes anew of %s while a run is on is no trouble', async (_, template) => {
  let healed = false;
  const fleet = fakeFleet({
    zones: 2,
    perZone: 2,
    onEvent: (event, { world, now }) => {
      const sick = world.relays.find(({ zone }) => zone === 'z1');
      if (healed || sick === undefined || event.kind !== 'action-done' || event.action !== 'replace') return;
      healed = true;
      sick.calls = []; // its RTPEngine had died with them
      recreate(world, sick, now());
      sick.template = template;
    },
  });
  expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
  expect(healed).toBe(true);
  expectRolled(fleet);
});

test('Ctrl-C finishes the act in hand and leaves the rest; running it again goes on', async () => {
  const stop = new AbortController();
  const onEvent = (event: EventBody) => event.kind === 'action-decided' && stop.abort();
  const fleet = fakeFleet({ onEvent });
  const end = await fleet.start(policy, { stop: stop.signal });
  expect(told(fleet.events, 'action-decided')).toHaveLength(1);
  expect(end.result).toBe('interrupted');
  expect(told(fleet.events, 'action-done')).toHaveLength(told(fleet.events, 'action-decided').length);
  expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
  expectRolled(fleet);
});

test('a relay whose probe call fails is not admitted; the run halts and the others are untouched', async () => {
  const fleet = fakeFleet();
  fleet.badProbe.add('sim-z0-0');
  const end = await fleet.start({ ...policy, replaceSeconds: 20 });
  expect(end.result).toBe('halted');
  expect(end.because).toContain('sim-z0-0');
  expect(end.because).toContain('of 10 packets each way 0 arrived');
  const [bad, ...others] = fleet.world.relays;
  expect(bad).toMatchObject({ limit: 0, awaitsController: true });
  for (const other of others) expect(other).toMatchObject({ template: 'old', limit: -1, cordon: undefined });
  fleet.badProbe.clear();
  expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
  expectRolled(fleet);
});

test('a relay that stops answering while it drains is waited for and never replaced', async () => {
  let sabotage = true;
  const onEvent = (event: EventBody, { mute }: FakeFleet) =>
    sabotage && event.kind === 'action-done' && mute.add(event.relay.name);
  const fleet = fakeFleet({ onEvent });
  const end = await fleet.start({ ...policy, drainSeconds: 30 });
  expect(end.result).toBe('held');
  expect(end.because).toContain('it does not answer');
  expect(fleet.world.relays[0]).toMatchObject({ template: 'old', id: 1 });
  sabotage = false;
  fleet.mute.clear();
  expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
  expectRolled(fleet);
});

const wish = (kind: Wish['kind'], at: number, uncordon = false): Wish => ({
  run: 'r1',
  kind,
  uncordon,
  by: 'ann@host',
  at,
});

test('a paused run finishes what is in hand and begins nothing; resumed it goes on to the end', async () => {
  let pausedAt = 0;
  const begun: string[] = [];
  const onEvent = (event: EventBody, { wishes, now }: FakeFleet) => {
    if (event.kind === 'action-done' && event.action === 'cordon' && pausedAt === 0) {
      pausedAt = now();
      wishes.set('r1', wish('pause', now()));
    }
    if (event.kind === 'action-decided' && wishes.get('r1')?.kind === 'pause') begun.push(event.action);
    if (event.kind === 'hold' && event.because.includes('replace sim-z0-0'))
      wishes.set('r1', wish('resume', now()));
  };
  const fleet = fakeFleet({ onEvent });
  expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
  expect(begun).toEqual([]);
  expect(told(fleet.events, 'wish')).toMatchObject([
    { wish: 'pause', by: 'ann@host' },
    { wish: 'resume', by: 'ann@host' },
  ]);
  expectRolled(fleet);
});

test('an abort ends after what is in hand; with uncordon every relay takes calls as before', async () => {
  for (const uncordon of [false, true]) {
    const onEvent = (event: EventBody, { wishes, now }: FakeFleet) => {
      if (event.kind === 'action-done' && event.action === 'cordon')
        wishes.set('r1', wish('abort', now(), uncordon));
    };
    const fleet = fakeFleet({ onEvent });
    for (const relay of fleet.world.relays) relay.limit = 400;
    const end = await fleet.start(policy);
    expect(end.result).toBe('aborted');
    expect(end.because).toContain('aborted by ann@host');
    expect(fleet.world.relays.map(({ limit }) => limit)).toEqual([uncordon ? 400 : 0, 400, 400]);
    expect(fleet.world.relays.map(({ cordon }) => cordon !== undefined)).toEqual([!uncordon, false, false]);
    expect(fleet.world.cut).toBe(0);
    expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
  }
});

test('with silent looks and failing effects an abort still takes every cordon back', async () => {
  for (let seed = 1; seed <= 8; seed += 1) {
    const onEvent = (event: EventBody, { wishes, now }: FakeFleet) => {
      if (event.kind === 'action-decided' && event.action === 'cordon' && !wishes.has('r1'))
        wishes.set('r1', wish('abort', now(), true));
    };
    const fleet = fakeFleet({ zones: 1, perZone: 4, seed, faults: { silence: 0.2, effect: 0.3 }, onEvent });
    expect(await fleet.start({ ...policy, maxUnavailable: 3 })).toMatchObject({ result: 'aborted' });
    expect(fleet.world.relays.map(({ limit }) => limit)).toEqual([-1, -1, -1, -1]);
    expect(fleet.world.relays.every(({ cordon }) => cordon === undefined)).toBe(true);
  }
});

test('a relay that is held is left alone and the run ends held; one that is skipped is not missed', async () => {
  const fleet = fakeFleet();
  const [first, second, third] = fleet.world.relays;
  if (first === undefined || second === undefined || third === undefined) throw new TypeError();
  first.leave = { kind: 'hold', by: 'ann', reason: 'a-trunk' };
  second.leave = { kind: 'skip', by: 'ann', reason: '' };
  const end = await fleet.start(policy);
  expect(end).toMatchObject({
    result: 'held',
    because: expect.stringContaining('left alone (hold by ann: a trunk)'),
  });
  expect(fleet.world.relays.map(({ template }) => template)).toEqual(['old', 'old', 'new']);
  first.leave = undefined;
  expect(await fleet.start(policy)).toMatchObject({
    result: 'done',
    because: expect.stringMatching(/^2 of 3 relays/),
  });
  expect(fleet.world.relays.map(({ template }) => template)).toEqual(['new', 'old', 'new']);
  expect(fleet.world.cut).toBe(0);
});

test('calls without a packet are ended when the policy says so; an abort gives the timeouts back', async () => {
  for (const aborted of [false, true]) {
    const onEvent = (event: EventBody, { wishes, now }: FakeFleet) => {
      if (aborted && event.kind === 'action-done' && event.action === 'reap')
        wishes.set('r1', wish('abort', now(), true));
    };
    const fleet = fakeFleet({ onEvent });
    for (const relay of fleet.world.relays) relay.calls.push(Number.POSITIVE_INFINITY);
    const end = await fleet.start({ ...policy, tail: 'reap', reapAfterSeconds: 20, reapSilentSeconds: 60 });
    expect(end.result).toBe(aborted ? 'aborted' : 'done');
    expect(fleet.world.cut).toBe(0);
    expect(fleet.world.relays.map(({ timeouts }) => timeouts.silent)).toEqual([3600, 3600, 3600]);
  }
});

test('a relay that a person forces is replaced with its calls, and the journal names them', async () => {
  const fleet = fakeFleet({ callsForMs: 0 });
  const [first] = fleet.world.relays;
  if (first === undefined) throw new TypeError();
  first.calls = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  first.forcedBy = 'ann';
  expect(await fleet.start(policy)).toMatchObject({ result: 'done' });
  expect(fleet.world.cut).toBe(2);
  expect(
    told(fleet.events, 'action-done').find((event) => 'action' in event && event.action === 'force'),
  ).toMatchObject({
    detail: '2 calls cut: call0, call1; off',
  });
});

test('a journal that takes no more lines ends the run before its next act', async () => {
  for (const lines of [2, 5, 9, 14, 23]) {
    let told = 0;
    let stepsThen: number | undefined;
    const fleet = fakeFleet({
      onEvent: (_, { steps }) => {
        told += 1;
        if (told <= lines) return;
        stepsThen ??= steps();
        throw new FleetError({ kind: 'stop', code: 'journal', message: 'the disk is full' });
      },
    });
    await expect(fleet.start(POLICY)).rejects.toThrow('the disk is full');
    expect(fleet.steps()).toBe(stepsThen);
    expect(fleet.world.cut).toBe(0);
  }
});

test('what speaks against a run is told as its end, and nothing is touched', async () => {
  const fleet = fakeFleet();
  const refusals = [{ message: 'The image is gone.', next: 'Publish it again.' }];
  const end = await fleet.start(POLICY, { foresee: async () => ({ lines: ['a hazard'], refusals }) });
  expect(end).toMatchObject({ result: 'refused', code: 'preflight', reasons: refusals });
  expect(fleet.events.map(({ kind }) => kind)).toEqual(['run-started', 'foreseen', 'run-ended']);
  expect(fleet.steps()).toBe(0);
});

test('a cloud that cannot be looked at before the first act ends the run; the outlook is asked for once', async () => {
  const fleet = fakeFleet();
  const away = new FleetError({ kind: 'retry', code: 'gce-unavailable', message: 'GCE is away' });
  const end = await fleet.start(POLICY, { foresee: async () => Promise.reject(away) });
  expect(end).toMatchObject({ result: 'failed', because: 'GCE is away', code: 'gce-unavailable' });
  let asked = 0;
  const foresee = async () => {
    asked += 1;
    return { lines: [], refusals: [] };
  };
  expect((await fleet.start(POLICY, { foresee })).result).toBe('done');
  expect(asked).toBe(1);
});
