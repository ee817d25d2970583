/** Who has the floating addresses of a fleet, and what is under way with them. Pure. */
import type { Fleet, Relay } from './fleet.ts';
import { isUnknown } from './fleet.ts';

/** Its own address, and the calls there, are with another relay, or with none. */
export function isAway({ name, floating }: Pick<Relay, 'name' | 'floating'>): boolean {
  return floating !== undefined && floating.at !== name;
}

/** It has the address of another relay. */
export function isCarrier({ floating }: Pick<Relay, 'floating'>): boolean {
  return (floating?.carries.length ?? 0) > 0;
}

/** The relay that has this one's address; undefined: it is at home, or with no relay of its zone. */
export function carrierOf({ relays }: Pick<Fleet, 'relays'>, relay: Relay): Relay | undefined {
  const at = isAway(relay) ? relay.floating?.at : undefined;
  return relays.find(({ zone, name }) => zone === relay.zone && name === at);
}

/** Every one of its last looks is an answer, and there is one. */
export function isAnswering(relay: Relay): boolean {
  return !isUnknown(relay) && relay.looks.every(({ kind }) => kind === 'answer');
}

/** A move that was begun and has not ended. */
export type Unfinished = {
  readonly giver: Relay;
  readonly taker: Relay;
  /** The one of the two whose address moves. */
  readonly home: Relay;
};

/** `lost`: one was begun between relays that the fleet does not have. */
export function unfinishedOf({
  begun,
  relays,
}: Pick<Fleet, 'begun' | 'relays'>): Unfinished | 'lost' | undefined {
  if (begun === undefined || begun === 'unknown') return undefined;
  const find = (wanted: string) => relays.find(({ name }) => name === wanted);
  const [giver, taker] = [find(begun.giver), find(begun.taker)];
  const home = [giver, taker].find((relay) => relay?.floating?.address === begun.address);
  return giver === undefined || taker === undefined || home === undefined ? 'lost' : { giver, taker, home };
}

/** Is it one of the two between which a move has not ended? */
export function isInMove(fleet: Pick<Fleet, 'begun'>, { name }: Pick<Relay, 'name'>): boolean {
  const { begun } = fleet;
  return begun !== undefined && begun !== 'unknown' && (begun.giver === name || begun.taker === name);
}
