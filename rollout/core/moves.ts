/**
 * Live calls that go on elsewhere: when those of a draining relay are handed over, when an address and its calls come home,
 * and that no two of these happen at a time, since all go through one database. Pure.
 */
import type { Action, Move } from './actions.ts';
import { isAct, isMove, partnerOf } from './actions.ts';
import type { Fleet, Relay } from './fleet.ts';
import { callsOn, isAdmitting, isUnknown } from './fleet.ts';
import { carrierOf, isAnswering, isCarrier, isInMove, unfinishedOf } from './floating.ts';
import type { Policy } from './policy.ts';
import { mayExchange, type Taker, type Takers } from './takers.ts';
import { plural } from './words.ts';

/** What did not succeed, and is needed, is tried again after this, ms. */
const AGAIN_MS = 30_000;

/** The calls of a relay that drains go on elsewhere, or why they do not; undefined: they are not to. */
export function onwards(
  relay: Relay,
  takers: Takers,
  policy: Pick<Policy, 'tail'>,
): Move | string | undefined {
  const { floating, movable, failure } = relay;
  if (policy.tail !== 'hand-over' || floating === undefined) return undefined;
  if (failure?.action === 'hand-over' && failure.next === 'hold')
    return `they cannot be handed over: ${failure.message}`;
  if (movable === undefined || !isAnswering(relay))
    return 'whether they can be handed over is being looked at';
  if (movable.kind === 'no') return `they cannot be handed over yet: ${movable.because}`;
  const taker: Taker = takers(relay);
  if ('none' in taker) return taker.none;
  const because = `its ${plural(Number(callsOn(relay)), 'call')} can go on at ${taker.relay.name}`;
  return { kind: 'hand-over', relay, to: taker.relay, resumes: false, because };
}

/** The step of a relay whose address is elsewhere. */
export function comeHome(relay: Relay, fleet: Fleet, policy: Patience, now: number): Action {
  const { address = '', at } = relay.floating ?? {};
  const carrier = carrierOf(fleet, relay);
  const where = `its address ${address} is with ${at ?? 'no relay'}`;
  if (carrier === undefined) return hold(relay, `${where}, from which it cannot be fetched`, true);
  if (isUnknown(relay)) return hold(relay, `${where}, and it does not answer`, isGone(relay, policy, now));
  if (isUnknown(carrier)) return hold(relay, `${where}, which does not answer`, isGone(carrier, policy, now));
  if (!mayExchange(carrier, relay))
    return hold(relay, `${where}, whose RTPEngine and its own cannot exchange calls`, true);
  const { failure } = relay;
  const rests = failure?.action === 'give-back' && failure.next === 'hold' && now - failure.at < AGAIN_MS;
  if (rests) return hold(relay, `${where}, and did not come back: ${failure.message}`);
  return { kind: 'give-back', relay, from: carrier, because: `${where}, and it can have its calls again` };
}

type Patience = Pick<Policy, 'replaceSeconds'>;

/** It has been silent for longer than a new relay may be. */
function isGone({ silentSince }: Relay, { replaceSeconds }: Patience, now: number): boolean {
  return now - (silentSince ?? now) > replaceSeconds * 1000;
}

/** The step of a relay that has the address of another: no new call, and no replacement, until that is fetched. */
export function carry(relay: Relay): Action {
  const names = relay.floating?.carries.join(', ') ?? '';
  if (!isUnknown(relay) && isAdmitting(relay) === true)
    return { kind: 'reassert', relay, because: `it has the address of ${names}, but takes new calls` };
  return hold(relay, `it has the address of ${names}, and the calls there`);
}

/** The step of one of the two between which a move was begun; undefined: it is none of them. */
export function resume(relay: Relay, fleet: Fleet, policy: Patience, now: number): Action | undefined {
  if (!isInMove(fleet, relay)) return undefined;
  const unfinished = unfinishedOf(fleet);
  if (unfinished === undefined || unfinished === 'lost') return undefined;
  const { giver, taker, home } = unfinished;
  const because = `calls of ${giver.name} were on their way to ${taker.name}`;
  const silent = [giver, taker].find(isUnknown);
  if (silent !== undefined)
    return hold(relay, `${because}, and ${silent.name} does not answer`, isGone(silent, policy, now));
  if (relay !== home) return hold(relay, because);
  const { failure } = relay;
  const kind = home === giver ? 'hand-over' : 'give-back';
  if (failure?.action === kind && failure.next === 'hold' && now - failure.at < AGAIN_MS)
    return hold(relay, `${because}: ${failure.message}`);
  return kind === 'hand-over'
    ? { kind, relay, to: taker, resumes: true, because }
    : { kind, relay, from: giver, because };
}

/** At most one move at a time: one that was begun first, then what comes home. Nothing else happens to its two relays. */
export function oneMove(steps: readonly Action[], fleet: Fleet): readonly Action[] {
  const chosen = chooseMove(steps.filter(isMove), fleet);
  const partner = chosen && partnerOf(chosen);
  const lost = unfinishedOf(fleet) === 'lost' || fleet.begun === 'unknown';
  const kept = steps.map((step): Action => {
    if (step === chosen) return step;
    if (isMove(step))
      return hold(step.relay, chosen === undefined ? LOST : 'it waits until other calls have moved', lost);
    const parts = isAct(step) && step.kind !== 'reassert' && step.relay === partner;
    return parts ? hold(step.relay, 'calls come to it or go from it') : step;
  });
  return patient(kept);
}

const LOST = 'it cannot be told where an earlier hand-over of this fleet stands, so no other is begun';

function chooseMove(moves: readonly Move[], fleet: Fleet): Move | undefined {
  const unfinished = unfinishedOf(fleet);
  if (fleet.begun === 'unknown' || unfinished === 'lost') return undefined;
  if (unfinished !== undefined) return moves.find(({ relay }) => relay === unfinished.home);
  return moves.find(({ kind }) => kind === 'give-back') ?? moves[0];
}

/** One that has the addresses of others waits no longer than they do. */
function patient(steps: readonly Action[]): readonly Action[] {
  const stuck = (name: string, zone: string) => {
    const own = steps.filter(({ relay }) => relay?.name === name && relay.zone === zone);
    return own.length > 0 && own.every((step) => step.kind === 'hold' && step.overdue);
  };
  return steps.map((step) => {
    if (step.kind !== 'hold' || step.relay === undefined || !isCarrier(step.relay)) return step;
    const { zone, floating } = step.relay;
    const overdue = floating?.carries.every((name) => stuck(name, zone)) ?? false;
    return { ...step, overdue };
  });
}

function hold(relay: Relay, because: string, overdue = false): Action {
  return { kind: 'hold', relay, because, overdue };
}
