/** What a person asks of a run that is on, and what that makes of its decisions. Pure. */
import type { Action } from './actions.ts';
import { isBeginning } from './actions.ts';
import type { Fleet } from './fleet.ts';
import { isUnknown } from './fleet.ts';
import { isAway, isCarrier } from './floating.ts';
import { isByHand, leaveWords } from './labels.ts';
import { carry, comeHome, oneMove, resume } from './moves.ts';
import { isLeftAlone, type Standing } from './phase.ts';
import type { Policy } from './policy.ts';
import { uncordon } from './steps.ts';

export type WishKind = 'pause' | 'resume' | 'abort';

export type Wish = {
  /** The run that is meant; a wish for another one is none. */
  readonly run: string;
  readonly kind: WishKind;
  /** Of an abort: draining relays get their old settings back first. */
  readonly uncordon: boolean;
  /** user@host */
  readonly by: string;
  /** When it was asked. */
  readonly at: number;
};

/** The wish for this run that a text holds; undefined: none, or damaged. */
export function parseWish(text: string | undefined, run: string): Wish | undefined {
  try {
    const wish = JSON.parse(text ?? 'null') as Partial<Wish> | null;
    if (wish?.run !== run || !isKind(wish.kind)) return undefined;
    if (typeof wish.by !== 'string' || typeof wish.at !== 'number') return undefined;
    return { run, kind: wish.kind, uncordon: wish.uncordon === true, by: wish.by, at: wish.at };
  } catch {
    return undefined;
  }
}

function isKind(kind: unknown): kind is WishKind {
  return kind === 'pause' || kind === 'resume' || kind === 'abort';
}

/** The newest of several; undefined: none. */
export function newest(wishes: readonly (Wish | undefined)[]): Wish | undefined {
  return wishes.reduce((best, wish) => ((wish?.at ?? 0) > (best?.at ?? 0) ? wish : best), undefined);
}

/**
 * Is it worth writing? `new`: yes. `same`: the run was asked that already, or is as wished. `ending`: it was told to
 * end, and nothing undoes that; only `abort --uncordon` after a plain abort says more.
 */
export function weigh(
  current: Wish | undefined,
  asked: Pick<Wish, 'kind' | 'uncordon'>,
): 'new' | 'same' | 'ending' {
  if (current?.kind === 'abort') {
    if (asked.kind !== 'abort') return 'ending';
    return asked.uncordon && !current.uncordon ? 'new' : 'same';
  }
  return asked.kind === (current?.kind ?? 'resume') ? 'same' : 'new';
}

/** A pause lets what is in hand go on (drains, new relays on their way in), and begins nothing: no cordon, no replacement. */
export function underPause(actions: readonly Action[], wish: Wish): readonly Action[] {
  const begins = actions.filter(isBeginning);
  if (begins.length === 0) return actions;
  const names = begins.map(({ kind, relay }) => `${kind} ${relay?.name ?? ''}`).join(', ');
  const because = `paused by ${wish.by}; next it would ${names}`;
  return [...actions.filter((action) => !begins.includes(action)), { kind: 'hold', because, overdue: false }];
}

/**
 * `abort --uncordon`: addresses and calls that are elsewhere come home, and every relay that a rollout is draining takes
 * calls again, with its old settings. One that does not answer is waited for as long as a new relay would be, then left
 * as it is.
 */
export function restoring(
  fleet: Fleet,
  standings: readonly Standing[],
  wish: Wish,
  policy: Pick<Policy, 'replaceSeconds'>,
  now: number,
): readonly Action[] {
  const late = now - wish.at > policy.replaceSeconds * 1000;
  const away = standings.flatMap((standing) => homeward(standing, fleet, policy, late, now));
  const busy = new Set(away.map(({ relay }) => relay));
  const rest = standings.filter(({ relay }) => !busy.has(relay));
  return oneMove([...away, ...uncordons(rest, wish, late)], fleet);
}

/** The step of a relay whose address is elsewhere, or that has another's; none: it has its own and no other. */
function homeward(
  standing: Standing,
  fleet: Fleet,
  policy: Pick<Policy, 'replaceSeconds'>,
  late: boolean,
  now: number,
): readonly Action[] {
  const { relay, phase } = standing;
  const hold = (because: string, overdue: boolean): Action => ({ kind: 'hold', relay, because, overdue });
  if (phase === 'replacing')
    return isAway(relay) || isCarrier(relay) ? [hold('its group is busy with it', late)] : [];
  const begun = resume(relay, fleet, policy, now);
  if (begun !== undefined) return [begun];
  if (isCarrier(relay)) return [carry(relay)];
  if (!isAway(relay)) return [];
  if (isLeftAlone(standing) && relay.leave !== undefined)
    return [hold(`left alone (${leaveWords(relay.leave)})`, true)];
  const step = comeHome(relay, fleet, policy, now);
  return [step.kind === 'hold' ? { ...step, overdue: step.overdue || late } : step];
}

function uncordons(standings: readonly Standing[], wish: Wish, late: boolean): readonly Action[] {
  const drained = standings.filter(
    (standing) =>
      (standing.phase === 'draining' || standing.phase === 'empty') &&
      standing.relay.cordon !== undefined &&
      !isByHand(standing.relay.cordon) &&
      !isLeftAlone(standing),
  );
  return drained.map(({ relay }): Action => {
    const { failure } = relay;
    if (failure?.action === 'uncordon' && (late || failure.next === 'hold'))
      return { kind: 'hold', relay, because: `uncordon failed: ${failure.message}`, overdue: true };
    if (isUnknown(relay)) return { kind: 'hold', relay, because: 'it does not answer', overdue: late };
    return uncordon(relay, `the rollout was aborted by ${wish.by}`);
  });
}
