import { expect, test } from 'vitest';
import type { Relay } from '../../rollout/core/fleet.ts';
import { untilEmpty } from '../../rollout/drain.ts';
import type { Effects } from '../../rollout/execute.ts';
import { draining, empty, fleetOf, NOW, POLICY, SILENCE, stale, thrice } from './support/fleets.ts';

/** What a drain does and how it ends when these are its looks, the last one for ever. */
async function drained(looks: readonly Relay[], over: { drainSeconds?: number; stopAfter?: number } = {}) {
  const log: string[] = [];
  const stop = new AbortController();
  let now = NOW;
  let round = 0;
  const never = () => Promise.reject(new Error('not asked'));
  const effects: Effects = {
    clock: {
      now: () => now,
      sleep: async (ms) => {
        now += ms;
      },
    },
    cloud: {
      readZone: never,
      readReport: never,
      mark: never,
      unmark: never,
      awaitController: never,
      release: never,
      replace: never,
    },
    relays: {
      look: never,
      settings: never,
      cordon: async () => void log.push('cordon'),
      restore: never,
      ages: never,
      callIds: never,
      timeouts: never,
      setTimeouts: never,
      emptyCalls: never,
      removeEmptyCalls: async () => log.push('remove empty calls'),
      probe: never,
    },
    proxies: { check: never, leaveOut: never, takeBack: never, leftOut: never },
  };
  const observe = async () => {
    const relay = looks[Math.min(round, looks.length - 1)];
    round += 1;
    if (round === over.stopAfter) stop.abort();
    return fleetOf(...(relay === undefined ? [] : [relay]), stale('b1'));
  };
  const end = await untilEmpty(effects, {
    name: 'a1',
    run: 'hand-ann',
    policy: { ...POLICY, drainSeconds: over.drainSeconds ?? 600 },
    observer: { observe, note: () => undefined },
    stop: stop.signal,
    tell: (because) => void log.push(because),
  });
  return [...log, `${end.kind}`];
}

test('a drain by hand ends when the guard has its proof; nothing is replaced', async () => {
  const one = empty('a1', { looks: thrice({ limit: 0 }).slice(-1) });
  expect(await drained([draining('a1'), draining('a1'), one, empty('a1')])).toEqual([
    '2 calls left',
    '1 of 3 answers without a call',
    'empty',
  ]);
});

test('a restarted relay is cordoned again, and calls without a party are ended', async () => {
  const restarted = draining('a1', { looks: thrice({ own: 2 }) });
  const zombie = draining('a1', { emptyCalls: ['x'] });
  const log = await drained([restarted, zombie, empty('a1')]);
  expect(log.filter((line) => !/left|takes/.test(line))).toEqual(['cordon', 'remove empty calls', 'empty']);
});

test('a silent relay is never empty; the policy’s time, Ctrl-C and an uncordon end the wait', async () => {
  const away = empty('a1', { looks: [SILENCE, SILENCE, SILENCE] });
  expect((await drained([away], { drainSeconds: 30 })).at(-1)).toBe('held');
  expect((await drained([draining('a1')], { drainSeconds: 0, stopAfter: 900 })).at(-1)).toBe('interrupted');
  expect((await drained([draining('a1'), stale('a1')])).at(-1)).toBe('released');
});
