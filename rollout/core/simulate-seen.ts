/** A fleet as it was seen, as a simulation of it. Pure. */
import { type Fleet, lastAnswer } from './fleet.ts';
import {
  bornAt,
  createWorld,
  indexed,
  NEW_TEMPLATE,
  OLD_TEMPLATE,
  type SimRelay,
  type World,
} from './simulate.ts';

/** `drainMs`: from a cordon until the last of so many calls has ended; the others end evenly before it. */
export type Drains = { readonly drainMs: (calls: number) => number; readonly replaceMs: number };

/** When each of so many calls ends on a relay that drains from now on. */
export function spread(calls: number, { drainMs }: Drains, now: number): number[] {
  return Array.from({ length: calls }, (_, index) => now + (drainMs(calls) * (index + 1)) / calls);
}

/** The fleet that was seen, as a simulation under a steady load: calls of a relay end only once it drains. */
export function worldOf(fleet: Fleet, assume: Drains, now: number): World {
  const relays = fleet.relays.map((relay, index): SimRelay => {
    const answer = lastAnswer(relay);
    const calls = answer === undefined ? 0 : answer.own + answer.foreign;
    return {
      ...bornAt(relay.zone, relay.name, index + 1, now),
      template: relay.onTarget ? NEW_TEMPLATE : OLD_TEMPLATE,
      limit: answer?.limit ?? -1,
      calls: answer?.limit === 0 ? spread(calls, assume, now) : Array(calls).fill(Number.POSITIVE_INFINITY),
      cordon: relay.cordon,
      leave: relay.leave,
      forcedBy: relay.forcedBy,
      awaitsController: relay.awaitsController,
      at: relay.floating?.at,
      readyAt: relay.vm.state === 'ready' ? now : now + assume.replaceMs,
    };
  });
  return {
    ...createWorld({ zones: fleet.zones, perZone: 0, replaceMs: assume.replaceMs, now }),
    name: fleet.name,
    ...indexed(relays),
    lastId: relays.length,
  };
}
