import { expect, test } from 'vitest';
import { placeCall } from '../../rollout/core/simulate.ts';
import { fakeFleet } from './support/fake-fleet.ts';
import { POLICY } from './support/fleets.ts';

const policy = { ...POLICY, pollSeconds: 0.25 };

test('each relay is asked for before it is cordoned, and a go is for that one alone', async () => {
  const fleet = fakeFleet();
  const asked: string[] = [];
  const consent = async (relays: readonly string[]) => {
    asked.push(...relays);
    return { kind: 'go' } as const;
  };
  expect(await fleet.start(policy, { consent })).toMatchObject({ result: 'done' });
  const cordoned = fleet.events.flatMap((event) =>
    event.kind === 'action-done' && event.action === 'cordon' ? [event.relay.name] : [],
  );
  expect(cordoned).toHaveLength(3);
  expect(asked).toEqual(cordoned);
});

test('a gate that never answers keeps no draining relay from taking calls again when the load rises', async () => {
  const stop = new AbortController();
  let asks = 0;
  let unheard: AbortSignal | undefined;
  const fleet = fakeFleet({
    ...{ zones: 1, perZone: 3, callsForMs: 0 },
    onEvent: (event) => {
      if (event.kind === 'hold' && event.because.startsWith('the gates are asked') && asks === 2)
        calls(80, 600);
      if (event.kind === 'action-done' && event.action === 'uncordon') stop.abort();
    },
  });
  const calls = (count: number, seconds: number) => {
    const until = fleet.now() + seconds * 1000;
    for (let call = 0; call < count; call += 1) placeCall(fleet.world, call / count, until, fleet.now());
  };
  const consent = async (_: readonly string[], __: string, left: AbortSignal) => {
    asks += 1;
    if (asks === 1) return { kind: 'go' } as const;
    unheard = left;
    return await new Promise<never>(() => undefined);
  };
  // With all of them one relay may be cordoned, with those that last two.
  calls(40, 10);
  calls(20, 600);
  const end = await fleet.start({ ...policy, preCordon: 1, relayCalls: 40 }, { consent, stop: stop.signal });
  expect(end.result).toBe('interrupted');
  expect(asks).toBe(2);
  expect(unheard?.aborted).toBe(true);
  expect(fleet.world.cut).toBe(0);
});
