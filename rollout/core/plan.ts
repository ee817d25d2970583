/**
 * The decision. A snapshot goes in, what may be done now comes out; nothing is remembered between two rounds.
 *
 * 1. Without `drain`, stop if a stale relay has calls or may have.
 * 2. Relays under way: each goes its next step, or says what it waits for (`steps.ts`); live calls of one at a time move (`moves.ts`).
 * 3. If the load has risen, draining relays take calls again (`capacity.ts`).
 * 4. The first relay of a new image is alone until it has proven itself (`canary.ts`).
 * 5. If the budget, the zone order and the capacity allow it, cordon further relays (`cordons.ts`).
 *
 * 6. Outside the maintenance windows nothing of that is begun (`window.ts`).
 *
 * No action at all: every relay serves the wanted image, or is parked by hand; with `share`, as many as were asked for.
 */
import { type Action, type Hold, isMove } from './actions.ts';
import { type Canary, canaryOf } from './canary.ts';
import { relief } from './capacity.ts';
import { cordons } from './cordons.ts';
import type { Fleet } from './fleet.ts';
import { callsOn, isUnknown } from './fleet.ts';
import { isAway, isCarrier } from './floating.ts';
import { oneMove } from './moves.ts';
import { isLeftAlone, phaseOf, type Standing } from './phase.ts';
import { awayAtOnce, type Policy } from './policy.ts';
import { isShareBegun } from './share.ts';
import { nextStep } from './steps.ts';
import type { Takers } from './takers.ts';
import { takersOf } from './takers.ts';
import { timely } from './window.ts';
import { plural } from './words.ts';

const NO_TAKERS: Takers = () => ({ none: 'all relays are needed for new calls' });

export function plan(fleet: Fleet, policy: Policy, now: number): readonly Action[] {
  return timely(decide(fleet, policy, now), policy, now);
}

function decide(fleet: Fleet, policy: Policy, now: number): readonly Action[] {
  const standings = standingsOf(fleet, policy);
  const refusal = policy.drain ? undefined : refuseCalls(standings);
  if (refusal !== undefined) return [refusal];
  const canary = canaryOf(standings, policy, now);
  if (canary.kind === 'fails') return [canary.halt];
  const back = relief(standings, policy);
  const others = { back, takers: back.size > 0 ? NO_TAKERS : takersOf(standings, policy, canary) };
  const wanted = concernsOf(standings, policy).flatMap((standing) =>
    nextStep(standing, others, fleet, policy, now),
  );
  const steps = replaceWithin(oneMove(wanted, fleet), standings, policy, canary);
  const halt = steps.find((step) => step.kind === 'halt');
  if (halt !== undefined) return [halt];
  if (canary.kind === 'bakes') return [...steps, canary.hold];
  // The relay that takes over counts as away from the next round on.
  return back.size > 0 || steps.some(isMove)
    ? steps
    : [...steps, ...cordons(standings, fleet, policy, overdue(steps), canary)];
}

/** Of relays that are empty at the same time no more are replaced at once than may be away; of a new image one alone. */
function replaceWithin(
  steps: readonly Action[],
  standings: readonly Standing[],
  policy: Policy,
  canary: Exclude<Canary, { readonly kind: 'fails' }>,
): readonly Action[] {
  const most = { first: 1, bakes: 0, over: awayAtOnce(policy, standings.length) }[canary.kind];
  const away = standings.filter(
    ({ relay, phase }) => phase === 'replacing' || (phase === 'joining' && relay.awaitsController),
  ).length;
  let free = most - away;
  return steps.map((step): Action => {
    if (step.kind !== 'replace') return step;
    free -= 1;
    if (free >= 0) return step;
    const because =
      canary.kind === 'over'
        ? `it is empty, and waits: no more than ${most} may be replaced at once`
        : 'it is empty, and waits for the first relay of the new image';
    return { kind: 'hold', relay: step.relay, because, overdue: false };
  });
}

/** Once the share of a run is on its way, relays of the old image that nobody forces are left to another run. */
function concernsOf(standings: readonly Standing[], policy: Policy): readonly Standing[] {
  if (!isShareBegun(standings, policy)) return standings;
  return standings.filter(
    ({ relay, phase }) =>
      phase !== 'stale' || relay.forcedBy !== undefined || isAway(relay) || isCarrier(relay),
  );
}

export function standingsOf(fleet: Fleet, policy: Policy): readonly Standing[] {
  return fleet.relays.map((relay) => ({ relay, phase: phaseOf(relay, policy) }));
}

/** How a run ends, if the actions of a round end it. */
export function endOf(actions: readonly Action[]): 'done' | 'held' | undefined {
  if (actions.length === 0) return 'done';
  return actions.every((action) => action.kind === 'hold' && action.overdue) ? 'held' : undefined;
}

/** Relays that wait beyond their deadline. */
function overdue(steps: readonly Action[]): ReadonlySet<string> {
  const holds = steps.filter((step): step is Hold => step.kind === 'hold' && step.overdue);
  return new Set(holds.flatMap(({ relay }) => (relay === undefined ? [] : [relay.name])));
}

function refuseCalls(standings: readonly Standing[]): Action | undefined {
  const busy = standings.filter(
    ({ relay, phase }) =>
      !isLeftAlone({ relay, phase }) &&
      ['stale', 'draining'].includes(phase) &&
      !relay.onTarget &&
      (isUnknown(relay) || callsOn(relay) !== 0),
  );
  if (busy.length === 0) return undefined;
  const known = busy.map(({ relay }) => callsOn(relay)).filter((calls) => calls !== 'unknown');
  const calls = known.reduce((sum, count) => sum + count, 0);
  const silent = busy.filter(({ relay }) => isUnknown(relay)).length;
  const unknown = silent === 0 ? '' : `, and ${silent} not answering`;
  return {
    kind: 'halt',
    because: `${plural(calls, 'call')} on ${plural(busy.length, 'relay')} that would be replaced${unknown}`,
    hint: 'Add --drain: it waits until each relay has no call left, and cuts none.',
  };
}
