/**
 * The capacity reserve: may a relay stop taking calls, and must one take them again? Counted in calls, not in relays;
 * what is not known counts as full on the side of the load, and as nothing on the side of what carries it. Pure.
 */
import type { Relay } from './fleet.ts';
import { callsOn, isAdmitting, isUnknown, lastAnswer } from './fleet.ts';
import { isAway, isCarrier } from './floating.ts';
import { isLeftAlone, isOut, type Standing } from './phase.ts';
import type { Policy } from './policy.ts';
import { plural } from './words.ts';

export type CapacityPolicy = Pick<Policy, 'reserve' | 'relayCalls'>;

export type Capacity = {
  /** Relays that take calls. */
  readonly relays: number;
  /** Calls that they can carry together. */
  readonly carry: number;
  /** What of that the loss would take that the reserve is for. */
  readonly loss: number;
  /** Calls that are up in the whole fleet. Those of a draining relay count: others like them come elsewhere. */
  readonly load: number;
  /** Relays of which nothing is known, and that are counted as full. */
  readonly guessed: number;
};

/** A relay is cordoned only with so much room to spare, so that a few more calls do not undo it at once. */
const HEADROOM = 1.1;

/** Does this relay count as taking calls? */
type Takes = (standing: Standing) => boolean;

const takesNow: Takes = (standing) => !isOut(standing);

/** Who carries what, kept so that one relay can be taken off without going through all of them again. */
export type Ledger = {
  readonly policy: CapacityPolicy;
  relays: number;
  carry: number;
  load: number;
  guessed: number;
  /** Calls carried by each zone, and relays by what each carries. */
  readonly zones: Map<string, number>;
  readonly sizes: Map<number, number>;
};

/** `takes`: which relays carry; those of a cordon as much as before it. */
export function ledgerOf(
  standings: readonly Standing[],
  policy: CapacityPolicy,
  takes: Takes = takesNow,
): Ledger {
  const ledger: Ledger = {
    ...{ policy, relays: 0, carry: 0, load: 0, guessed: 0 },
    zones: new Map(),
    sizes: new Map(),
  };
  for (const standing of standings) {
    const taken = takes(standing);
    const calls = loadOf(standing, taken);
    ledger.load += calls === 'full' ? policy.relayCalls : calls;
    ledger.guessed += calls === 'full' ? 1 : 0;
    if (taken) count(ledger, standing.relay, 1);
  }
  return ledger;
}

/** `by` 1: this relay carries calls from now on; -1: no more. */
export function count(ledger: Ledger, relay: Relay, by: 1 | -1): void {
  const calls = carriedBy(relay, ledger.policy);
  const size = (ledger.sizes.get(calls) ?? 0) + by;
  ledger.relays += by;
  ledger.carry += by * calls;
  ledger.zones.set(relay.zone, (ledger.zones.get(relay.zone) ?? 0) + by * calls);
  if (size === 0) ledger.sizes.delete(calls);
  else ledger.sizes.set(calls, size);
}

export function sumUp({ policy, relays, carry, load, guessed, zones, sizes }: Ledger): Capacity {
  return { relays, carry, load, guessed, loss: lossOf(policy, [...sizes.keys()], [...zones.values()]) };
}

export function capacityOf(
  standings: readonly Standing[],
  policy: CapacityPolicy,
  takes: Takes = takesNow,
): Capacity {
  return sumUp(ledgerOf(standings, policy, takes));
}

function lossOf({ reserve }: CapacityPolicy, relays: readonly number[], zones: readonly number[]): number {
  const most = (all: readonly number[]) => all.reduce((largest, calls) => Math.max(largest, calls), 0);
  switch (reserve) {
    case 'none':
      return 0;
    case 'relay':
      return most(relays);
    case 'zone':
      return most(zones);
    default:
      return reserve satisfies never;
  }
}

/** Its own session limit where that is lower than what the fleet file says. */
export function carriedBy(relay: Relay, { relayCalls }: CapacityPolicy): number {
  const limit = relay.cordon?.before.limit ?? lastAnswer(relay)?.limit ?? -1;
  return limit > 0 ? Math.min(limit, relayCalls) : relayCalls;
}

/** A relay that has not answered may be full, unless it is being made; one that is taken to serve has only just begun. */
function loadOf({ relay, phase }: Standing, taken: boolean): number | 'full' {
  const calls = callsOn(relay);
  if (calls !== 'unknown') return calls;
  return taken || phase === 'replacing' || phase === 'joining' ? 0 : 'full';
}

/** Do those that take calls carry the load, and after the loss too? `spare` 1: just so. */
export function isEnough({ carry, loss, load }: Capacity, spare = HEADROOM): boolean {
  return carry - loss > 0 && carry - loss >= load * spare;
}

/** Even without a single call the reserve could not be kept: waiting helps nobody. */
export function isHopeless({ carry, loss }: Capacity): boolean {
  return carry - loss <= 0;
}

/** `2 relays carry 5000 calls, 2500 without one more relay; 2600 are up` */
export function capacityWords(capacity: Capacity, { reserve }: CapacityPolicy): string {
  const { relays, carry, loss, load, guessed } = capacity;
  const carries = relays === 1 ? 'carries' : 'carry';
  const after = reserve === 'none' ? '' : `, ${carry - loss} without one more ${reserve}`;
  const full = guessed === 0 ? '' : `, with ${guessed} that do not answer counted as full`;
  return `${plural(relays, 'relay')} ${carries} ${plural(carry, 'call')}${after}; ${load} are up${full}`;
}

/**
 * Draining relays that must take calls again, because the others no longer carry the load and the reserve: as few as
 * will do, those furthest from empty first, since they lose the least by it. A relay that only misses an answer or two
 * still counts as taking calls.
 */
export function relief(
  standings: readonly Standing[],
  policy: CapacityPolicy & Pick<Policy, 'goodAnswers'>,
): ReadonlyMap<Relay, string> {
  const back = new Map<Relay, string>();
  const able = reliefOrder(standings);
  if (able.length === 0) return back;
  const ledger = ledgerOf(standings, policy, (standing) => mayTake(standing, policy.goodAnswers));
  const now = sumUp(ledger);
  const because =
    now.relays === 0 ? 'no other relay takes calls any more' : `the load rose: ${capacityWords(now, policy)}`;
  for (const relay of able) {
    if (isEnough(sumUp(ledger), 1)) break;
    back.set(relay, because);
    count(ledger, relay, 1);
  }
  return back;
}

function mayTake({ relay, phase }: Standing, goodAnswers: number): boolean {
  if (phase !== 'stale' && phase !== 'serving') return false;
  return isAdmitting(relay) === true || (isUnknown(relay) && relay.looks.length < goodAnswers);
}

function reliefOrder(standings: readonly Standing[]): readonly Relay[] {
  return standings
    .filter(
      (standing) =>
        (standing.phase === 'draining' || standing.phase === 'empty') &&
        !standing.relay.onTarget &&
        !isLeftAlone(standing) &&
        !isAway(standing.relay) &&
        !isCarrier(standing.relay) &&
        !isUnknown(standing.relay) &&
        !(standing.relay.failure?.action === 'uncordon' && standing.relay.failure.next === 'hold'),
    )
    .map(({ relay }) => relay)
    .toSorted((a, b) => Number(callsOn(b)) - Number(callsOn(a)) || a.name.localeCompare(b.name));
}
