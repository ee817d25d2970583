/** The next step of one relay that is under way: an act, or what it waits for. Pure. */
import type { Action } from './actions.ts';
import type { Fleet, Relay } from './fleet.ts';
import { callsOn, isAdmitting, isUnknown } from './fleet.ts';
import { isAway, isCarrier } from './floating.ts';
import { joinGate } from './gate.ts';
import { deleteGuard, looksEmpty } from './guard.ts';
import { leaveWords } from './labels.ts';
import { carry, comeHome, onwards, resume } from './moves.ts';
import { isLeftAlone, type Standing } from './phase.ts';
import type { Policy } from './policy.ts';
import { forced, isReapable } from './tail.ts';
import type { Takers } from './takers.ts';
import { isPast } from './window.ts';
import { plural } from './words.ts';

/** What the others allow a relay. */
export type Others = {
  /** Draining relays that must take calls again, and why (`relief`). */
  readonly back: ReadonlyMap<Relay, string>;
  /** Who may take over the calls of a draining one. */
  readonly takers: Takers;
};

export function nextStep(
  standing: Standing,
  others: Others,
  fleet: Fleet,
  policy: Policy,
  now: number,
): readonly Action[] {
  const { relay, phase } = standing;
  const begun = phase === 'replacing' ? undefined : resume(relay, fleet, policy, now);
  if (begun !== undefined) return [begun];
  if (phase !== 'replacing' && isCarrier(relay)) return [carry(relay)];
  if (isLeftAlone(standing)) return leftAlone(standing);
  switch (phase) {
    case 'stale':
      if (isAway(relay)) return [comeHome(relay, fleet, policy, now)];
      if (!isUnknown(relay)) return optional(heldByFailure(relay, ['cordon']));
      return [forced(relay) ?? silent(relay, policy, now)];
    case 'draining':
    case 'empty':
      if (!relay.onTarget) return [drain(relay, others, policy, now)];
      return [isAway(relay) ? comeHome(relay, fleet, policy, now) : keepIt(relay)];
    case 'replacing':
      return [replacing(relay, policy, now)];
    case 'joining':
      return [join(relay, fleet, policy, now)];
    case 'serving':
      if (isAway(relay)) return [comeHome(relay, fleet, policy, now)];
      return isUnknown(relay) ? [silent(relay, policy, now)] : [];
    case 'parked':
      return isAway(relay) ? [comeHome(relay, fleet, policy, now)] : [];
    default:
      return phase satisfies never;
  }
}

/** What was cordoned before it was to be left alone is told, whatever was asked: it takes no calls. */
function leftAlone({ relay, phase }: Standing): readonly Action[] {
  if (relay.leave === undefined || (relay.leave.kind === 'skip' && phase === 'stale')) return [];
  const cordoned = phase === 'stale' ? '' : ', and it stays cordoned';
  return [hold(relay, `left alone (${leaveWords(relay.leave)})${cordoned}`, true)];
}

/** A relay that a rollout cordoned and whose image is wanted after all: its group points back at it. */
function keepIt(relay: Relay): Action {
  if (isUnknown(relay)) return hold(relay, 'it does not answer; its cordon stays until it does');
  return uncordon(relay, 'its image is the wanted one again');
}

function drain(relay: Relay, { back, takers }: Others, policy: Policy, now: number): Action {
  const held = heldByFailure(relay, ['replace', 'reassert', 'uncordon', 'force']);
  if (held !== undefined) return held;
  const needed = back.get(relay);
  if (needed !== undefined) return uncordon(relay, needed);
  const cut = forced(relay);
  if (cut !== undefined) return cut;
  const guard = deleteGuard(relay, policy.goodAnswers);
  if (guard.kind === 'empty') return { kind: 'replace', relay, because: guard.because };
  if (!isUnknown(relay)) {
    if (isAdmitting(relay) === true)
      return { kind: 'reassert', relay, because: 'it should be cordoned, but takes calls' };
    if (relay.emptyCalls.length > 0)
      return {
        kind: 'remove-empty-calls',
        relay,
        calls: relay.emptyCalls,
        because: `${relay.emptyCalls.length} of its calls have no party, and no timeout ends them`,
      };
    const move = isAway(relay) ? undefined : onwards(relay, takers, policy);
    if (typeof move === 'string') return waitForCalls(relay, `${guard.because}; ${move}`, policy, now);
    if (move !== undefined) return move;
    if (isReapable(relay, policy, now))
      return {
        kind: 'reap',
        relay,
        because: `${guard.because} after ${policy.reapAfterSeconds} s; those without a packet for ${policy.reapSilentSeconds} s may end`,
      };
  }
  return waitForCalls(relay, guard.because, policy, now);
}

/** The deadline is reported, never enforced; while the proof is being gathered it does not count. */
function waitForCalls(relay: Relay, because: string, policy: Policy, now: number): Action {
  const deadline = (relay.cordon?.at ?? now) + policy.drainSeconds * 1000;
  const watched = relay.looks.length >= policy.goodAnswers && !looksEmpty(relay);
  const ended = isPast(policy, now);
  const overdue = (ended || isLate(policy, now > deadline)) && watched;
  const late = !overdue ? '' : ended ? ENDED : ` after the ${policy.drainSeconds} s that a drain may take`;
  return hold(relay, `${because}${late}`, overdue);
}

const ENDED = ', and the time of this run is over';

function isLate({ tail, drainSeconds }: Policy, past: boolean): boolean {
  return tail !== 'wait' && drainSeconds > 0 && past;
}

function replacing(relay: Relay, policy: Policy, now: number): Action {
  const since = relay.changingSince ?? now;
  if (now - since <= policy.replaceSeconds * 1000)
    return hold(relay, `its group is busy with it (${relay.vm.detail})`);
  return {
    kind: 'halt',
    relay,
    because: `${relay.name}: its group has been ${relay.vm.detail} for more than ${policy.replaceSeconds} s`,
    hint: `See why: gcloud compute instance-groups managed list-errors, in zone ${relay.zone}.`,
  };
}

/** A relay that a rollout replaced has a deadline; one that admits itself gets its chance first, then is admitted. */
function join(relay: Relay, fleet: Fleet, policy: Policy, now: number): Action {
  if (relay.awaitsController && isAdmitting(relay) === true && !isUnknown(relay))
    return { kind: 'release', relay, because: 'it takes calls on the wanted image' };
  const late = now - (relay.vm.createdAt ?? now) > policy.replaceSeconds * 1000;
  if (!relay.awaitsController) {
    if (!late) return hold(relay, 'it is new and takes calls once its own check is good');
    if (isUnknown(relay)) return silent(relay, policy, now);
  }
  const gate = joinGate(
    relay,
    fleet.targets.find(({ zone }) => zone === relay.zone),
  );
  const failure = relay.failure?.action === 'admit' ? relay.failure : undefined;
  if (late && (gate.kind === 'wait' || failure !== undefined))
    return tooLate(relay, failure?.message ?? gate.because, policy);
  if (gate.kind === 'wait') return hold(relay, gate.because);
  // Its probe call has to come in at its own address.
  if (isAway(relay)) return comeHome(relay, fleet, policy, now);
  return heldByFailure(relay, ['admit']) ?? { kind: 'admit', relay, because: gate.because };
}

function tooLate(relay: Relay, because: string, policy: Policy): Action {
  if (!relay.awaitsController) return hold(relay, because, true);
  // Right after the start of a run one missing answer says nothing yet.
  if (isUnknown(relay) && relay.looks.length < policy.goodAnswers) return hold(relay, because);
  return {
    kind: 'halt',
    relay,
    because: `${relay.name} has not passed its health gate ${policy.replaceSeconds} s after it was created: ${because}`,
    hint: `It takes no calls. Look at its serial port output in zone ${relay.zone}; run the rollout again once it is mended.`,
  };
}

/** A relay that does not answer is taken to have calls, and to be away. */
function silent(relay: Relay, policy: Policy, now: number): Action {
  const newest = relay.looks.at(-1);
  const why = newest?.kind === 'silence' ? `: ${newest.reason}` : '';
  const since = relay.silentSince ?? now;
  return hold(relay, `it does not answer${why}`, now - since > policy.replaceSeconds * 1000);
}

/** An act that will not succeed by trying again leaves its relay as it is. */
function heldByFailure(relay: Relay, acts: readonly string[]): Action | undefined {
  const { failure } = relay;
  if (failure === undefined || failure.next !== 'hold' || !acts.includes(failure.action)) return undefined;
  return hold(relay, `${failure.action} failed: ${failure.message}`, true);
}

export function uncordon(relay: Relay, because: string): Action {
  const calls = callsOn(relay);
  const left = calls === 'unknown' ? '' : `, ${plural(calls, 'call')} on it`;
  const settings = relay.cordon?.before ?? { limit: -1, deleteDelay: 'unknown' as const };
  return { kind: 'uncordon', relay, settings, because: `${because}${left}` };
}

function optional(action: Action | undefined): readonly Action[] {
  return action === undefined ? [] : [action];
}

function hold(relay: Relay, because: string, overdue = false): Action {
  return { kind: 'hold', relay, because, overdue };
}
