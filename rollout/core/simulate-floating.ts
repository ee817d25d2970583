/** Floating addresses of the simulated fleet, and the calls that go from relay to relay with them. */
import { keyOf, type Sighting } from './memory.ts';
import type { SimRelay, World } from './simulate.ts';

/** Relays whose addresses, and calls, are with this one. */
export function guestsOf({ relays }: World, carrier: SimRelay): readonly SimRelay[] {
  return relays.filter(
    ({ zone, name, at }) => zone === carrier.zone && at === carrier.name && name !== carrier.name,
  );
}

/** The relay at which packets to this one's address arrive. */
export function arrivalOf(world: World, relay: SimRelay): SimRelay | undefined {
  return relay.at === undefined || relay.at === relay.name
    ? relay
    : world.index.get(keyOf({ zone: relay.zone, name: relay.at }));
}

export function floatingOf(world: World, relay: SimRelay): Pick<Sighting, 'floating'> {
  const { at, name } = relay;
  if (at === undefined) return {};
  const carries = guestsOf(world, relay).map((guest) => guest.name);
  const ready = world.relays.filter(({ zone }) => zone === relay.zone).map((one) => addressOf(one.name));
  return { floating: { address: addressOf(name), at, carries, ready } };
}

function addressOf(name: string): string {
  return `floating of ${name}`;
}

/** The calls of a relay go on at another one of its zone, which takes no new calls. `half`: the one that moves them dies
 * before the first lets go. */
export function handOver(world: World, from: SimRelay, to: SimRelay, half = false): void {
  to.limit = 0;
  world.begun = half ? { giver: from.name, taker: to.name, address: addressOf(from.name) } : undefined;
  if (from.at === from.name) {
    from.at = to.name;
    from.moved = from.calls;
    from.calls = [];
  }
  from.ghosts = half ? from.moved.length : 0;
}

/** The opposite. */
export function giveBack(world: World, home: SimRelay, half = false): void {
  const { at = '', name } = home;
  const from = world.index.get(keyOf({ zone: home.zone, name: world.begun?.giver ?? at }));
  if (from === undefined) return;
  home.calls = [...home.calls, ...home.moved];
  from.ghosts = half ? home.moved.length : 0;
  home.moved = [];
  home.at = name;
  world.begun = half ? { giver: from.name, taker: name, address: addressOf(name) } : undefined;
}
