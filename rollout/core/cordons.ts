/**
 * Which relays to cordon next: the budget, one dirty zone at a time, never the last one that takes calls, never more
 * than the others can carry. Pure.
 */
import type { Action } from './actions.ts';
import type { Canary } from './canary.ts';
import { capacityWords, count, isEnough, isHopeless, type Ledger, ledgerOf, sumUp } from './capacity.ts';
import type { Fleet, Relay } from './fleet.ts';
import { callsOn, isAdmitting, isUnknown } from './fleet.ts';
import { isDirty, isLeftAlone, isOut, type Standing } from './phase.ts';
import { cordonedAtOnce, type Policy } from './policy.ts';
import { isShareBegun, leftOfShare } from './share.ts';
import { plural, some } from './words.ts';

/** `overdue`: names of relays that already wait beyond their deadline. */
export function cordons(
  standings: readonly Standing[],
  fleet: Fleet,
  policy: Policy,
  overdue: ReadonlySet<string>,
  canary: Canary,
): readonly Action[] {
  const zone = workZone(standings, fleet);
  if (zone === undefined || isShareBegun(standings, policy)) return [];
  const candidates = standings
    .filter((standing) => standing.relay.zone === zone && isCandidate(standing))
    .map(({ relay }) => relay)
    .toSorted(cheapestFirst);
  const chosen =
    canary.kind === 'first' && standings.some(isDirty) ? [] : choose(candidates, standings, policy, canary);
  if (chosen.length > 0) return chosen;
  if (
    candidates.length === 0 ||
    standings.some((standing) => isDirty(standing) && !overdue.has(standing.relay.name))
  )
    return []; // the relays under way say themselves what is waited for
  return [whyNone(candidates, standings, policy, overdue)];
}

/**
 * The zone whose relays may be cordoned now: the dirty one, else the first in order with a relay to do. Before all, one
 * with a relay that takes no calls anyway (made, not yet admitted, and then unwanted by a rollback): it is away already,
 * and left for later it would use up the budget that every other relay waits for.
 */
function workZone(standings: readonly Standing[], fleet: Fleet): string | undefined {
  const dirty = new Set(standings.filter(isDirty).map(({ relay }) => relay.zone));
  if (dirty.size > 1) return undefined;
  const [busy] = dirty;
  const todo = standings.filter(isCandidate).map(({ relay }) => relay);
  const idle = todo.filter((relay) => isAdmitting(relay) === false);
  const zones = new Set((idle.length > 0 ? idle : todo).map(({ zone }) => zone));
  return busy ?? fleet.zones.find((zone) => zones.has(zone));
}

function isCandidate(standing: Standing): boolean {
  const { relay, phase } = standing;
  return (
    !isLeftAlone(standing) &&
    phase === 'stale' &&
    !isUnknown(relay) &&
    !(relay.failure?.action === 'cordon' && relay.failure.next === 'hold')
  );
}

/** Fewest calls first: the drain that ends soonest. A relay that takes no calls anyway costs nothing: before all. */
function cheapestFirst(a: Relay, b: Relay): number {
  return cost(a) - cost(b) || a.name.localeCompare(b.name);
}

function cost(relay: Relay): number {
  if (isAdmitting(relay) === false) return -1;
  const calls = callsOn(relay);
  return calls === 'unknown' ? Number.MAX_SAFE_INTEGER : calls;
}

function choose(
  candidates: readonly Relay[],
  standings: readonly Standing[],
  policy: Policy,
  canary: Canary,
): readonly Action[] {
  const out = standings.filter(isOut).length;
  const ledger = ledgerOf(standings, policy);
  const chosen: Relay[] = [];
  let free = cordonedAtOnce(policy, standings.length) - out;
  for (const relay of candidates.slice(0, leftOfShare(standings, policy))) {
    if (isAdmitting(relay) === true) {
      if (free < 1 || refusalOf(relay, ledger) !== undefined) break;
      count(ledger, relay, -1);
      free -= 1;
    }
    chosen.push(relay);
    if (canary.kind === 'first') break;
  }
  const passed = canary.kind === 'over' && canary.because !== undefined ? `; ${canary.because}` : '';
  return chosen.map((relay) => ({
    kind: 'cordon',
    relay,
    because: `${becauseOf(relay, ledger.relays)}${passed}`,
  }));
}

type Refusal = { readonly because: string; readonly hopeless: boolean };

/** Why this relay cannot stop taking calls as well; undefined: it can. */
function refusalOf(relay: Relay, ledger: Ledger): Refusal | undefined {
  count(ledger, relay, -1);
  const left = sumUp(ledger);
  count(ledger, relay, 1);
  if (left.relays === 0)
    return { because: 'the last relay that takes calls is never cordoned', hopeless: true };
  if (isEnough(left)) return undefined;
  return {
    because: `the others could not carry the load: without ${relay.name}, ${capacityWords(left, ledger.policy)}`,
    hopeless: isHopeless(left),
  };
}

function becauseOf(relay: Relay, admitting: number): string {
  const calls = callsOn(relay);
  const load = calls === 'unknown' ? 'an unknown number of calls' : plural(calls, 'call');
  return `it runs an old image and has ${load}; others that take calls: ${admitting}`;
}

function whyNone(
  candidates: readonly Relay[],
  standings: readonly Standing[],
  policy: Policy,
  overdue: ReadonlySet<string>,
): Action {
  const out = standings.filter(isOut);
  const names = out.map(({ relay }) => relay.name);
  const stays = names.every((name) => isLeft(name, standings, overdue));
  if (standings.length === out.length)
    return {
      kind: 'hold',
      because: 'no relay is known to take calls, so none is cordoned',
      overdue: stays,
    };
  const [first] = candidates;
  const refusal = first === undefined ? undefined : refusalOf(first, ledgerOf(standings, policy));
  const most = cordonedAtOnce(policy, standings.length);
  // A load may fall by itself; what even no call at all would not allow is for a person to decide.
  if (refusal !== undefined && (out.length < most || refusal.hopeless))
    return { kind: 'hold', because: refusal.because, overdue: refusal.hopeless && stays };
  return {
    kind: 'hold',
    because: `${some(names)} ${names.length === 1 ? 'is' : 'are'} away, and no more than ${most} may be`,
    overdue: stays,
  };
}

/** Will this relay stay away for as long as nobody does anything about it? */
function isLeft(name: string, standings: readonly Standing[], overdue: ReadonlySet<string>): boolean {
  return (
    overdue.has(name) ||
    standings.some((one) => one.relay.name === name && (one.phase === 'parked' || isLeftAlone(one)))
  );
}
