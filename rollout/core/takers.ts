/** Which relay may take over the live calls of a draining one. Pure. */
import { canShare } from '../../lib/restores.ts';
import { parseVersion } from '../../lib/version.ts';
import type { Canary } from './canary.ts';
import { capacityWords, carriedBy, count, isEnough, type Ledger, ledgerOf, sumUp } from './capacity.ts';
import type { Relay } from './fleet.ts';
import { callsOn, isAdmitting } from './fleet.ts';
import { isAnswering, isAway, isCarrier } from './floating.ts';
import { isByHand } from './labels.ts';
import { isOut, type Standing } from './phase.ts';
import { cordonedAtOnce, type Policy } from './policy.ts';
import { leftOfShare } from './share.ts';

/** The relay that takes over, or why there is none. */
export type Taker = { readonly relay: Relay } | { readonly none: string };

export type Takers = (giver: Relay) => Taker;

/** As far as versions go: may calls go from one to the other and back? What nobody tells may not. */
export function mayExchange(a: Pick<Relay, 'version'>, b: Pick<Relay, 'version'>): boolean {
  const [one, other] = [a.version ?? '', b.version ?? ''];
  const told = parseVersion(one) !== undefined && parseVersion(other) !== undefined;
  return told && canShare(one, other);
}

/**
 * One on the wanted image first, since it stays; then one that takes no new calls anyway; then the one with the fewest
 * calls. While it has the address of another it takes no new calls: it counts as away, and the budget, the reserve and the
 * last relay that takes calls hold without it.
 */
export function takersOf(standings: readonly Standing[], policy: Policy, canary: Canary): Takers {
  const ledger = ledgerOf(standings, policy);
  const free = cordonedAtOnce(policy, standings.length) - standings.filter(isOut).length;
  const left = leftOfShare(standings, policy);
  return (giver) => {
    const able = standings.filter((standing) => isAble(standing, giver, canary));
    if (able.length === 0) return { none: 'no other relay of its zone can take them over' };
    const roomy = able.filter(({ relay }) => hasRoom(relay, giver, policy));
    if (roomy.length === 0) return { none: 'no other relay of its zone has room for them' };
    const tried = roomy.map(({ relay }) => ({ relay, refusal: refusalOf(relay, ledger, { free, left }) }));
    const [best] = tried
      .filter(({ refusal }) => refusal === undefined)
      .map(({ relay }) => relay)
      .toSorted(bestFirst);
    if (best !== undefined) return { relay: best };
    return { none: tried[0]?.refusal ?? 'no other relay of its zone can take them over' };
  };
}

function isAble({ relay, phase }: Standing, giver: Relay, canary: Canary): boolean {
  const { floating, leave, forcedBy, cordon } = relay;
  if (relay === giver || relay.zone !== giver.zone) return false;
  if (floating?.ready.includes(giver.floating?.address ?? '') !== true) return false;
  if (isAway(relay) || isCarrier(relay) || leave !== undefined || forcedBy !== undefined) return false;
  if (cordon !== undefined && isByHand(cordon)) return false;
  // The first relay of a new image is watched with the calls of its own.
  if (relay.onTarget && canary.kind !== 'over') return false;
  const there = phase === 'stale' || phase === 'serving' || phase === 'draining';
  return there && relay.vm.state === 'ready' && isAnswering(relay) && mayExchange(giver, relay);
}

function hasRoom(relay: Relay, giver: Relay, policy: Policy): boolean {
  return Number(callsOn(relay)) + Number(callsOn(giver)) <= carriedBy(relay, policy);
}

type Room = { readonly free: number; readonly left: number };

/** Why this relay cannot stop taking new calls as well; undefined: it can, or takes none anyway. */
function refusalOf(relay: Relay, ledger: Ledger, { free, left }: Room): string | undefined {
  if (isAdmitting(relay) !== true) return undefined;
  if (free < 1) return 'no more relays may be away for one to take them over';
  if (!relay.onTarget && left < 1) return 'this run is to leave the other relays of its zone as they are';
  count(ledger, relay, -1);
  const without = sumUp(ledger);
  count(ledger, relay, 1);
  if (without.relays === 0) return 'the last relay that takes calls does not take them over';
  if (isEnough(without)) return undefined;
  return `no relay can be spared to take them over: without ${relay.name}, ${capacityWords(without, ledger.policy)}`;
}

function bestFirst(a: Relay, b: Relay): number {
  return rank(a) - rank(b) || Number(callsOn(a)) - Number(callsOn(b)) || a.name.localeCompare(b.name);
}

function rank(relay: Relay): number {
  if (relay.onTarget) return 0;
  return isAdmitting(relay) === true ? 2 : 1;
}
