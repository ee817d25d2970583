import { expect, test } from 'vitest';
import { changes, NOTHING_TOLD } from '../../../rollout/core/changes.ts';
import type { Relay } from '../../../rollout/core/fleet.ts';
import { plan, standingsOf } from '../../../rollout/core/plan.ts';
import { draining, fleetOf, NOW, POLICY, SILENCE, stale, thrice } from '../support/fleets.ts';

function story(...rounds: readonly (readonly Relay[])[]): readonly string[] {
  let told = NOTHING_TOLD;
  return rounds.flatMap((relays, round) => {
    const fleet = fleetOf(...relays);
    const now = NOW + round * 1_000;
    const news = changes(told, standingsOf(fleet, POLICY), plan(fleet, POLICY, now), now);
    told = news.told;
    return news.events.map((event) => {
      if (event.kind === 'relay-observed')
        return `${round} ${event.relay.name} ${event.phase} ${event.own ?? '?'}`;
      return `${round} ${event.kind}${event.kind === 'hold' ? `: ${event.because}` : ''}`;
    });
  });
}

const left = (own: number) => draining('a1', { looks: thrice({ limit: 0, own }) });

test('a draining relay is told whenever its calls change, another one only now and then', () => {
  const b1 = (own: number) => stale('b1', { looks: thrice({ own }) });
  expect(story([left(2), b1(4)], [left(2), b1(5)], [left(1), b1(6)])).toEqual([
    '0 a1 draining 2',
    '0 b1 stale 4',
    '0 hold: 2 calls left',
    '2 a1 draining 1',
    '2 hold: 1 call left',
  ]);
});

test('what is not known is told as not known, never as zero', () => {
  const silent = draining('a1', { looks: [SILENCE] });
  expect(story([silent, stale('b1')])[0]).toBe('0 a1 draining ?');
});

test('the end of a wait is told', () => {
  const empty = draining('a1', { looks: thrice({ limit: 0 }) });
  expect(story([left(1), stale('b1')], [empty, stale('b1')]).slice(-2)).toEqual([
    '1 a1 empty 0',
    '1 hold-ended',
  ]);
});
