/**
 * The capacity reserve: may a relay stop taking calls, and must one take them again? Counted in calls, not in relays;
 * what is not known counts as full on the side of the load, and as nothing on the side of what carries it. Pure.
 */
import type { Relay } from './fleet.ts';
import { callsOn, isAdmitting, isUnknown, lastAnswer } from './fleet.ts';
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

/** `takes`: which relays carry; those of a cordon as much as before it. */
export function capacityOf(
  standings: readonly Standing[],
  policy: CapacityPolicy,
  takes: Takes = takesNow,
): Capacity {
  const zones = new Map<string, number>();
  let [relays, carry, largest, load, guessed] = [0, 0, 0, 0, 0];
  for (const standing of standings) {
    const { relay } = standing;
    const calls = loadOf(standing, takes(standing));
    load += calls === 'full' ? policy.relayCalls : calls;
    guessed += calls === 'full' ? 1 : 0;
    if (!takes(standing)) continue;
    const carried = carriedBy(relay, policy);
    relays += 1;
    carry += carried;
    largest = Math.max(largest, carried);
    zones.set(relay.zone, (zones.get(relay.zone) ?? 0) + carried);
  }
  return { relays, carry, load, guessed, loss: lossOf(policy, largest, [...zones.values()]) };
}

function lossOf({ reserve }: CapacityPolicy, relay: number, zones: readonly number[]): number {
  switch (reserve) {
    case 'none':
      return 0;
    case 'relay':
      return relay;
    case 'zone':
      return zones.reduce((most, calls) => Math.max(most, calls), 0);
    default:
      return reserve satisfies never;
  }
}

/** Its own session limit where that is lower than what the fleet file says. */
function carriedBy(relay: Relay, { relayCalls }: CapacityPolicy): number {
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
  const takes: Takes = (standing) => back.has(standing.relay) || mayTake(standing, policy.goodAnswers);
  const now = capacityOf(standings, policy, takes);
  const because =
    now.relays === 0 ? 'no other relay takes calls any more' : `the load rose: ${capacityWords(now, policy)}`;
  for (const relay of reliefOrder(standings)) {
    if (isEnough(capacityOf(standings, policy, takes), 1)) break;
    back.set(relay, because);
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
        !isUnknown(standing.relay) &&
        !(standing.relay.failure?.action === 'uncordon' && standing.relay.failure.next === 'hold'),
    )
    .map(({ relay }) => relay)
    .toSorted((a, b) => Number(callsOn(b)) - Number(callsOn(a)) || a.name.localeCompare(b.name));
}
