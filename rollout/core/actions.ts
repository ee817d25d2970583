/**
 * Everything a rollout can decide, as one closed union. An action says what to do, to whom and because of what;
 * `execute.ts` holds one executor per kind. Types only.
 */
import type { Relay, Settings } from './fleet.ts';

/** What every action on a relay carries: the relay as it was seen when the decision was taken. */
type OnRelay = { readonly relay: Relay; readonly because: string };

export type Action =
  /** Writes the intent and the settings in force on the VM (labels), then makes the relay refuse new calls. */
  | ({ readonly kind: 'cordon' } & OnRelay)
  /** The intent is on the VM, but the relay admits calls (restart, or a run killed half-way): cordon it again. */
  | ({ readonly kind: 'reassert' } & OnRelay)
  /** Ends calls that have no party and that no timeout ends (measured: mr13.1 and later). */
  | ({ readonly kind: 'remove-empty-calls'; readonly calls: readonly string[] } & OnRelay)
  /** Writes the timeouts in force on the VM, then lowers them: calls without a packet end. */
  | ({ readonly kind: 'reap' } & OnRelay)
  /** Re-creates the VM with the calls that are on it, because a person said so for this relay. Never decided otherwise. */
  | ({ readonly kind: 'force' } & OnRelay)
  /** Re-creates the VM from its group's target template. Decided by `deleteGuard` only. */
  | ({ readonly kind: 'replace' } & OnRelay)
  /**
   * The live calls of a draining relay go on at another one of its zone, which takes no new calls from then on: it is
   * cordoned first, then has the address of these calls beside its own. `resumes`: it was begun, and did not end.
   */
  | ({ readonly kind: 'hand-over'; readonly to: Relay; readonly resumes: boolean } & OnRelay)
  /** A relay that has an address elsewhere gets it back, with the calls that are up there. */
  | ({ readonly kind: 'give-back'; readonly from: Relay } & OnRelay)
  /** Last gate of a new relay: a probe call with RTP both ways; then it admits calls. */
  | ({ readonly kind: 'admit' } & OnRelay)
  /** Gives a cordoned relay its old settings back and takes the intent off the VM. */
  | ({ readonly kind: 'uncordon'; readonly settings: Settings } & OnRelay)
  /** The relay serves; what still says "born cordoned, the controller admits it" is taken off its group. */
  | ({ readonly kind: 'release' } & OnRelay)
  /** Waits for something; `overdue` once its deadline has passed, which is reported and never forced. */
  | {
      readonly kind: 'hold';
      readonly relay?: Relay;
      readonly because: string;
      readonly overdue: boolean;
      /** When it ends by itself, if that is known. */
      readonly until?: number;
    }
  /** Ends the run; nothing else is touched. */
  | { readonly kind: 'halt'; readonly relay?: Relay; readonly because: string; readonly hint: string };

/** Actions that change something; `hold` and `halt` only say something. */
export type Act = Exclude<Action, { readonly kind: 'hold' | 'halt' }>;
export type Hold = Extract<Action, { readonly kind: 'hold' }>;

export type ActKind = Act['kind'];

/** Does it begin something, rather than go on with what is in hand? */
export function isBeginning(action: Action): boolean {
  const { kind } = action;
  if (kind === 'hand-over') return !action.resumes;
  return kind === 'cordon' || kind === 'replace' || kind === 'force';
}

/** The relay that stops taking new calls by this; undefined: none does. */
export function cordonedBy(action: Action): Relay | undefined {
  if (action.kind === 'cordon') return action.relay;
  return action.kind === 'hand-over' && action.to.cordon === undefined ? action.to : undefined;
}

/** Live calls go from one relay to another. */
export type Move = Extract<Act, { readonly kind: 'hand-over' | 'give-back' }>;

export function isMove(action: Action): action is Move {
  return action.kind === 'hand-over' || action.kind === 'give-back';
}

/** The relay beside the one that a move is about. */
export function partnerOf(move: Move): Relay {
  return move.kind === 'hand-over' ? move.to : move.from;
}

export function isAct(action: Action): action is Act {
  return action.kind !== 'hold' && action.kind !== 'halt';
}
