import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { handOver } from '../../../rollout/handover/hand-over.ts';
import { ADDRESS, DATABASES, type Faults, Killed, twoHosts, type World } from '../support/two-hosts.ts';

const WHAT = {
  databases: DATABASES,
  address: ADDRESS,
  version: 'mr12.5.1.31',
  waitMs: 10_000,
  patienceMs: 3_000,
};
const CALLS = ['one', 'two', 'three'];

const run = async (world: World) => await handOver(world.ports, WHAT);

/** Runs again and again after each kill, as a person would. */
async function untilDone(world: World, between: () => void = () => undefined): Promise<number> {
  for (let tries = 0; tries < 20; tries += 1) {
    try {
      return await run(world);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      between();
      world.nextRun();
    }
  }
  throw new Error('it never ended');
}

function expectMoved(world: World, calls: readonly string[]): void {
  expect(world.lost).toEqual([]);
  expect(world.address()).toBe('taker');
  expect([...world.on.taker].filter(([, { foreign }]) => !foreign).map(([callId]) => callId)).toEqual(calls);
  expect(world.on.giver.size).toBe(0);
  expect(world.keys(DATABASES.giver)).toEqual([]);
  expect(world.keys(DATABASES.through)).toEqual([]);
  expect(world.keys(DATABASES.taker)).toEqual(calls);
  expect(world.note()).toBeUndefined();
}

function expectStayed(world: World): void {
  expect(world.lost).toEqual([]);
  expect(world.address()).toBe('giver');
  expect([...world.on.giver.keys()]).toEqual(CALLS);
  expect(world.on.taker.size).toBe(0);
  expect(world.keys(DATABASES.giver)).toEqual(CALLS);
  expect(world.keys(DATABASES.through)).toEqual([]);
  expect(world.note()).toBeUndefined();
}

describe('a hand-over', () => {
  test('brings every call to the taker, which owns it, and leaves no key behind', async () => {
    const world = twoHosts(CALLS);
    expect(await run(world)).toBe(3);
    expectMoved(world, CALLS);
    expect(world.events.map(({ kind }) => kind)).toEqual([
      ...['cordoned', 'copied', 'moved', 'call', 'call', 'call', 'done'],
    ]);
  });

  test('of an RTPEngine without calls moves the address alone', async () => {
    const world = twoHosts([]);
    expect(await run(world)).toBe(0);
    expectMoved(world, []);
  });

  test('leaves the calls of the taker alone', async () => {
    const world = twoHosts(CALLS);
    world.on.taker.set('its own', { foreign: false, packets: 5 });
    await run(world);
    expect([...world.on.taker.keys()].toSorted()).toEqual([...CALLS, 'its own'].toSorted());
  });
});

describe('calls at another address of the giver', () => {
  const own = (callId: string) => (callId === 'two' ? { addresses: ['10.0.0.11'] } : {});

  test('stay there, whatever they are', async () => {
    const world = twoHosts(CALLS, {
      mediaOf: (callId) => ({ ...own(callId), ...(callId === 'two' ? { flags: ['transcoding'] } : {}) }),
    });
    expect(await run(world)).toBe(2);
    expect([...world.on.giver.keys()]).toEqual(['two']);
    expect([...world.on.taker.keys()]).toEqual(['one', 'three']);
    expect(world.keys(DATABASES.giver)).toEqual(['two']);
  });

  test('that are partly there hold all', async () => {
    const world = twoHosts(CALLS, {
      mediaOf: (callId) => (callId === 'two' ? { addresses: ['10.0.0.11', ADDRESS] } : {}),
    });
    await expect(run(world)).rejects.toThrow('some of its media is at 10.0.0.11');
    expectStayed(world);
  });
});

describe('nothing moves', () => {
  test('while the taker has taken over calls of somebody else', async () => {
    const world = twoHosts(CALLS);
    world.on.taker.set('of a third', { foreign: true, packets: 0 });
    await expect(run(world)).rejects.toMatchObject({ code: 'handover-copy' });
    world.on.taker.delete('of a third');
    expectStayed(world);
  });

  test('while one call cannot', async () => {
    const dtls = (callId: string) => (callId === 'two' ? { protocols: ['UDP/TLS/RTP/SAVPF'] } : {});
    const world = twoHosts(CALLS, { mediaOf: dtls });
    await expect(run(world)).rejects.toMatchObject({ code: 'handover-wait', kind: 'hold' });
    expectStayed(world);
    expect(world.events.filter(({ kind }) => kind === 'waits')).toHaveLength(1);
  });

  test('until that call is over', async () => {
    const dtls = (callId: string) => (callId === 'two' ? { flags: ['transcoding'] } : {});
    const world = twoHosts(CALLS, { mediaOf: dtls });
    const sleep = world.ports.sleep;
    const patient = {
      ...world,
      ports: {
        ...world.ports,
        sleep: async (ms: number) => {
          await sleep(ms);
          world.bye('two');
        },
      },
    };
    expect(await handOver(patient.ports, WHAT)).toBe(2);
    expectMoved(world, ['one', 'three']);
  });

  test('if the taker does not restore one of them', async () => {
    const world = twoHosts(CALLS, { unreadable: new Set(['three']) });
    await expect(run(world)).rejects.toMatchObject({ code: 'handover-copy' });
    expectStayed(world);
  });

  test('for good, if no media arrives at the taker', async () => {
    const world = twoHosts(CALLS, { arrives: (to) => to === 'giver' });
    await expect(run(world)).rejects.toMatchObject({ code: 'handover-back' });
    expectStayed(world);
    expect(world.events.at(-1)?.kind).toBe('went-back');
  });
});

describe('calls that change meanwhile', () => {
  test('one that ends during the copy is not brought back to life at the taker', async () => {
    const world = twoHosts(CALLS);
    const { write } = world.ports.store;
    const store = {
      ...world.ports.store,
      write: async (...args: Parameters<typeof write>) => {
        await write(...args);
        if (args[1] === 'three') world.bye('one');
      },
    };
    expect(await handOver({ ...world.ports, store }, WHAT)).toBe(2);
    expectMoved(world, ['two', 'three']);
  });

  test('one that changes its state is copied again, also while the address moves', async () => {
    const world = twoHosts(CALLS);
    const { move, store } = world.ports;
    const changing: typeof move = async (to) => {
      await store.write(DATABASES.giver, 'two', Buffer.from('after a re-INVITE'), false);
      await move(to);
    };
    const copied: string[] = [];
    const write: typeof store.write = async (database, id, value, copy) => {
      if (database === DATABASES.through) copied.push(`${id}: ${Buffer.from(value)}`);
      await store.write(database, id, value, copy);
    };
    await handOver({ ...world.ports, move: changing, store: { ...store, write } }, WHAT);
    expect(copied.at(-1)).toBe('two: after a re-INVITE');
    expect(copied).toHaveLength(4);
  });

  test('one that the giver got after the copy keeps the giver from letting go', async () => {
    const world = twoHosts(CALLS);
    const tell: World['ports']['tell'] = ({ kind }) => {
      if (kind === 'moved') world.on.giver.set('late', { foreign: false, packets: 0 });
    };
    const late = handOver({ ...world.ports, tell }, WHAT);
    await expect(late).rejects.toMatchObject({ code: 'handover-new-calls', kind: 'hold' });
    expect([...world.on.giver.keys()]).toEqual([...CALLS, 'late']);
    expect([...world.on.taker.values()].every(({ foreign }) => !foreign)).toBe(true);
  });
});

describe('a hand-over that is killed', () => {
  /** Kills at the first effect, at the second, and so on; how many there are. */
  async function atEach(faults: Faults = {}): Promise<number> {
    for (let at = 1; ; at += 1) {
      const world = twoHosts(CALLS, { ...faults, killAt: [at] });
      // Copying takes its time: meanwhile the calls must have their media.
      const tell: World['ports']['tell'] = ({ kind }) => {
        if (kind === 'copied') expect(world.address()).toBe('giver');
      };
      let killed = false;
      const moved = await untilDone({ ...world, ports: { ...world.ports, tell } }, () => {
        killed = true;
      });
      expect(moved).toBe(3);
      expectMoved(world, CALLS);
      if (!killed) return at;
    }
  }

  test('at any effect is taken up by the next run, and no call is ever without its host', async () => {
    expect(await atEach()).toBeGreaterThan(25);
  });

  test('is taken up as well when every call is on hold, and no packet tells where the address is', async () => {
    expect(await atEach({ mediaOf: () => ({ packets: 7 }) })).toBeGreaterThan(25);
  });

  /** Killed once the address is with the taker, before anybody knew. */
  async function killedAfterMove(calls: readonly string[], faults: Faults = {}): Promise<World> {
    const world = twoHosts(calls, faults);
    const move: World['ports']['move'] = async (to) => {
      await world.ports.move(to);
      throw new Killed();
    };
    await expect(handOver({ ...world.ports, move }, WHAT)).rejects.toThrow(Killed);
    return world;
  }

  test.each([
    ['the taker', true],
    ['nobody', false],
  ])(
    'for so long that the giver gave its calls up, all on hold, and %s has the address',
    async (_, arrived) => {
      let arrives = arrived;
      const world = await killedAfterMove(CALLS, { mediaOf: () => ({ packets: 7 }), arrives: () => arrives });
      expect(world.address()).toBe(arrived ? 'taker' : 'nowhere');
      arrives = true;
      world.on.giver.clear();
      await world.ports.store.remove(DATABASES.giver, CALLS);
      expect(await run(world)).toBe(3);
      expectMoved(world, CALLS);
    },
  );

  test('while most calls end: those that are left tell where the address is, and it stays there', async () => {
    const many = Array.from({ length: 40 }, (_, number) => `call ${number}`);
    const world = await killedAfterMove(many);
    for (const callId of many.slice(0, 36)) world.bye(callId);
    const moves: string[] = [];
    const move: World['ports']['move'] = async (to) => void moves.push(to);
    await handOver({ ...world.ports, move }, WHAT);
    expect(moves).toEqual([]);
    expectMoved(world, many.slice(36));
  });

  test('any number of times, while calls end, loses none, and leaves at most some with the taker that ended meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 45 }), { maxLength: 6 }),
        fc.array(fc.constantFrom(...CALLS), { maxLength: 2 }),
        async (killAt, ends) => {
          const world = twoHosts(CALLS, { killAt });
          const left = [...ends];
          await untilDone(world, () => {
            const callId = left.shift();
            if (callId !== undefined) world.bye(callId);
          });
          expect(world.lost).toEqual([]);
          expect(world.address()).toBe('taker');
          expect(world.on.giver.size).toBe(0);
          expect(world.keys(DATABASES.giver)).toEqual([]);
          expect(world.keys(DATABASES.through)).toEqual([]);
          // Where nobody can tell who has the address, a call that the giver no longer has may have ended, or have been
          // given up by it for want of media. The taker then keeps it, until its own timeout for media.
          const ended = new Set<string>(ends);
          const kept = [...world.on.taker.keys()].filter(
            (callId) => world.up.has(callId) || !ended.has(callId),
          );
          expect(kept.toSorted()).toEqual([...world.up].toSorted());
        },
      ),
      { numRuns: 500 },
    );
  });

  test('is not mixed up with one between two others', async () => {
    const world = twoHosts(CALLS);
    const other = JSON.stringify({ giver: 'x', taker: 'taker', stage: 'moving', calls: [], talking: false });
    await world.ports.store.setNote(other);
    await expect(run(world)).rejects.toMatchObject({ kind: 'usage', code: 'handover-note' });
    await world.ports.store.setNote('{');
    await expect(run(world)).rejects.toMatchObject({ kind: 'stop', code: 'handover-note' });
  });
});
