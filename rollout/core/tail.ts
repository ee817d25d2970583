/** What becomes of a drain that lasts, other than waiting. Pure. */
import type { Action } from './actions.ts';
import type { Relay } from './fleet.ts';
import { callsOn } from './fleet.ts';
import type { Policy } from './policy.ts';
import { plural } from './words.ts';

/** A person's word, and nothing else, replaces a relay that has calls. */
export function forced(relay: Relay): Action | undefined {
  if (relay.forcedBy === undefined) return undefined;
  const calls = callsOn(relay);
  const cut = calls === 'unknown' ? 'an unknown number of calls' : plural(calls, 'call');
  return { kind: 'force', relay, because: `forced by ${relay.forcedBy}, which cuts ${cut}` };
}

/** Is it time to end its calls without a packet? */
export function isReapable(
  relay: Relay,
  { tail, reapAfterSeconds, goodAnswers }: Policy,
  now: number,
): boolean {
  const { cordon, failure } = relay;
  if (tail !== 'reap' || cordon === undefined) return false;
  if (failure?.action === 'reap' && failure.next === 'hold') return false;
  // The intent is on the VM; whether the relay was told can only be made sure by telling it again.
  const again = relay.looks.length < goodAnswers || failure?.action === 'reap';
  if (cordon.before.timeouts !== undefined && !again) return false;
  return now - cordon.at >= reapAfterSeconds * 1000 && callsOn(relay) !== 0;
}
