import { expect, test } from 'vitest';
import { startWheel, type WheelClock } from '../../lab/calls/wheel.ts';

/** A clock that moves when the test says so; `stall` moves it without letting anything run. */
function testClock(lateMs = 0) {
  let now = 0;
  let waiting: { at: number; call: () => void } | undefined;
  const clock: WheelClock = {
    now: () => now,
    after: (ms, call) => {
      waiting = { at: now + ms + lateMs, call };
      return () => {
        waiting = undefined;
      };
    },
  };
  const run = (ms: number) => {
    const until = now + ms;
    while (waiting !== undefined && waiting.at <= until) {
      now = Math.max(now, waiting.at);
      const { call } = waiting;
      waiting = undefined;
      call();
    }
    now = until;
  };
  return { clock, run, stall: (ms: number) => (now += ms) };
}

test('each rider is called every 20 ms, and over ten minutes none is gained or lost', () => {
  const { clock, run } = testClock();
  const wheel = startWheel(clock);
  let rides = 0;
  wheel.add(() => {
    rides += 1;
  });
  run(600_000);
  expect(rides).toBe(30_000);
  expect(wheel.health().stalls).toBe(0);
});

test('timers that are always a little late do not slow it down', () => {
  const { clock, run } = testClock(1.7);
  const wheel = startWheel(clock);
  let rides = 0;
  wheel.add(() => {
    rides += 1;
  });
  run(60_000);
  expect(rides).toBeGreaterThanOrEqual(2_999);
});

test('after a stall each rider is called once and told how many turns went by: no burst', () => {
  const { clock, run, stall } = testClock();
  const wheel = startWheel(clock);
  const turns: number[] = [];
  wheel.add((count) => turns.push(count));
  run(100);
  const before = turns.length;
  stall(1_000);
  run(0);
  expect(turns.slice(before)).toEqual([50]);
  run(200);
  expect(turns.slice(before + 1)).toEqual(Array(10).fill(1));
  expect(wheel.health()).toMatchObject({ stalls: 1 });
  expect(wheel.health().longestStallMs).toBeGreaterThan(900);
});

test('riders are spread over the turn, and one that was removed is not called', () => {
  const { clock, run } = testClock();
  const wheel = startWheel(clock);
  const at: number[] = [];
  const rides = [0, 1, 2, 3].map((rider) => () => {
    at[rider] = clock.now() % 20;
  });
  for (const ride of rides) wheel.add(ride);
  run(40);
  expect(new Set(at).size).toBe(4);
  for (const ride of rides) wheel.remove(ride);
  const last = [...at];
  run(100);
  expect(at).toEqual(last);
  wheel.stop();
});
