/** Where a relay stands, from what is seen of it. Pure. */
import type { Phase, Relay } from './fleet.ts';
import { isAdmitting, isUnknown } from './fleet.ts';
import { deleteGuard } from './guard.ts';
import { isByHand } from './labels.ts';
import type { Policy } from './policy.ts';

/** The phase of a relay. A relay that misses an answer keeps the phase of its newest one. */
export function phaseOf(relay: Relay, policy: Pick<Policy, 'goodAnswers'>): Phase {
  if (relay.vm.state === 'changing') return 'replacing';
  if (!relay.onTarget) {
    if (relay.cordon === undefined) return 'stale';
    return deleteGuard(relay, policy.goodAnswers).kind === 'empty' ? 'empty' : 'draining';
  }
  if (relay.cordon !== undefined) return isByHand(relay.cordon) ? 'parked' : 'draining';
  return isAdmitting(relay) === true && !relay.awaitsController ? 'serving' : 'joining';
}

/** A relay with the phase it is in. */
export type Standing = { readonly relay: Relay; readonly phase: Phase };

/** Counts as unavailable: cordoned, on its way, or not known to be taking calls. */
export function isOut({ relay, phase }: Standing): boolean {
  return (phase !== 'stale' && phase !== 'serving') || isUnknown(relay) || isAdmitting(relay) !== true;
}

/** A person wants it left alone. Once it is on its way to the wanted image that is too late. */
export function isLeftAlone({ relay, phase }: Standing): boolean {
  return relay.leave !== undefined && (phase === 'stale' || phase === 'draining' || phase === 'empty');
}

/** A rollout's work is on in its zone: no relay of another zone is cordoned meanwhile. */
export function isDirty(standing: Standing): boolean {
  const { relay, phase } = standing;
  if (isLeftAlone(standing)) return false;
  switch (phase) {
    case 'draining':
    case 'empty':
    case 'replacing':
      return true;
    case 'joining':
      return relay.awaitsController;
    case 'stale':
    case 'serving':
    case 'parked':
      return false;
    default:
      return phase satisfies never;
  }
}
