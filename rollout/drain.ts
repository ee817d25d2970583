/** Waits by hand for one cordoned relay to be empty, with the delete guard of a rollout; replaces nothing. */
import { isFleetError } from '../lib/errors.ts';
import type { Act } from './core/actions.ts';
import type { Relay } from './core/fleet.ts';
import { isAdmitting, isUnknown } from './core/fleet.ts';
import { deleteGuard } from './core/guard.ts';
import type { Policy } from './core/policy.ts';
import { type Effects, execute } from './execute.ts';
import { findRelay } from './find-relay.ts';
import type { Observer } from './observe.ts';

export type Drain = {
  readonly name: string;
  /** Who drains, as on the label. */
  readonly run: string;
  readonly policy: Policy;
  readonly observer: Observer;
  readonly stop: AbortSignal;
  /** Sees each new reason to wait. */
  readonly tell: (because: string) => void;
};

export type DrainEnd = {
  /** `held`: the policy's time for a drain is over. `released`: it is not cordoned any more. */
  readonly kind: 'empty' | 'held' | 'released' | 'interrupted';
  readonly because: string;
};

/** Ends when the guard has its proof, and never for less. A passing trouble is told and waited out. */
export async function untilEmpty(effects: Effects, drain: Drain): Promise<DrainEnd> {
  const { clock } = effects;
  const until = drain.policy.drainSeconds === 0 ? Infinity : clock.now() + drain.policy.drainSeconds * 1000;
  let told = '';
  for (;;) {
    const { end, because } = await look(effects, drain);
    if (end !== undefined) return end;
    if (drain.stop.aborted) return { kind: 'interrupted', because };
    if (clock.now() > until) return { kind: 'held', because };
    if (because !== told) drain.tell(because);
    told = because;
    await clock.sleep(drain.policy.pollSeconds * 1000, drain.stop);
  }
}

type Seen = { readonly end?: DrainEnd; readonly because: string };

async function look(effects: Effects, { name, run, policy, observer }: Drain): Promise<Seen> {
  try {
    const fleet = await observer.observe();
    const relay = findRelay(fleet.relays, name, fleet.name);
    const { kind, because } = deleteGuard(relay, policy.goodAnswers);
    if (kind === 'empty') return { end: { kind, because }, because };
    if (relay.cordon === undefined) return { end: { kind: 'released', because }, because };
    const act = upkeep(relay);
    if (act !== undefined) await execute(act, effects, { run, policy });
    return { because };
  } catch (error) {
    if (!isFleetError(error) || error.kind !== 'retry') throw error;
    return { because: error.message };
  }
}

/** As in a rollout: a restarted RTPEngine is cordoned again, and calls without a party are ended. */
function upkeep(relay: Relay): Act | undefined {
  if (isUnknown(relay)) return undefined;
  const because = 'by hand';
  if (isAdmitting(relay) === true) return { kind: 'reassert', relay, because };
  const calls = relay.emptyCalls;
  return calls.length === 0 ? undefined : { kind: 'remove-empty-calls', relay, calls, because };
}
