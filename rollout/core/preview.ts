/** `rollout plan`: the decision itself, run on a simulation of the fleet as it is now. Pure. */
import type { Act, Action } from './actions.ts';
import { isAct } from './actions.ts';
import { capacityOf } from './capacity.ts';
import { type Fleet, lastAnswer, type Relay } from './fleet.ts';
import { looksEmpty } from './guard.ts';
import { rememberRelay, type Sighting } from './memory.ts';
import { endOf, plan, standingsOf } from './plan.ts';
import type { Policy } from './policy.ts';
import type { SimRelay, World } from './simulate.ts';
import { advance, cloudView, lookAt, recreate, reportOf, simRelay, targetsOf } from './simulate.ts';
import { giveBack, handOver } from './simulate-floating.ts';
import { spread, worldOf } from './simulate-seen.ts';

/** What is not known before it happens. */
export type Assumptions = {
  /** From a cordon until the last of so many calls has ended, ms. */
  readonly drainMs: (calls: number) => number;
  /** From the order to replace a VM until it answers, ms. */
  readonly replaceMs: number;
};

export type PreviewStep = {
  /** Milliseconds from the start. */
  readonly at: number;
  readonly action: Act['kind'];
  readonly zone: string;
  readonly relay: string;
  readonly because: string;
};

export type Preview = {
  readonly steps: readonly PreviewStep[];
  /** `unfinished`: more looks than were allowed would have been needed. */
  readonly result: 'done' | 'held' | 'halted' | 'endless' | 'unfinished';
  /** What holds or halts it; the hint of a halt. */
  readonly because: readonly string[];
  readonly hint: string | undefined;
  readonly ms: number;
  /** Fewest relays taking calls at any moment. */
  readonly lowestAdmitting: number;
  /** Fewest calls that these could have carried beside those that were up, by what the fleet file says of a relay. */
  readonly lowestRoom: number;
};

const TICK_MS = 1_000;
const LONGEST_MS = 30 * 24 * 3_600_000;

/**
 * Every round of a rollout of this fleet under a steady load, if no new call comes to a cordoned relay and nothing breaks.
 * `most`: looks at relays, of all rounds together, after which it is given up; a million takes about a second.
 */
export function preview(
  fleet: Fleet,
  policy: Policy,
  assume: Assumptions,
  start: number,
  most = Number.POSITIVE_INFINITY,
): Preview {
  const world = worldOf(fleet, assume, start);
  const steps: PreviewStep[] = [];
  let known: readonly Relay[] = [];
  let lowestAdmitting = fleet.relays.length;
  let lowestRoom = Number.MAX_SAFE_INTEGER;
  let looks = 0;
  for (let now = start; now - start <= LONGEST_MS; ) {
    looks += world.relays.length;
    if (looks > most)
      return { ...endless, result: 'unfinished', steps, ms: now - start, lowestAdmitting, lowestRoom };
    advance(world, now);
    known = world.relays.map((relay, index) => {
      const before = known[index];
      if (before !== undefined && isAsSeen(relay, before, now)) return before;
      return rememberRelay(before, sight(world, relay, now), policy.goodAnswers, now);
    });
    const { begun: _, ...still } = fleet;
    const seen: Fleet = { ...still, targets: targetsOf(world), relays: known };
    const { relays, carry, load } = capacityOf(standingsOf(seen, policy), policy);
    lowestAdmitting = Math.min(lowestAdmitting, relays);
    lowestRoom = Math.min(lowestRoom, carry - load);
    const actions = plan(seen, policy, now);
    const end = finish(actions);
    if (end !== undefined) return { ...end, steps, ms: now - start, lowestAdmitting, lowestRoom };
    const acts = actions.filter(isAct);
    for (const { kind, relay, because } of acts)
      steps.push({ at: now - start, action: kind, zone: relay.zone, relay: relay.name, because });
    for (const act of acts) apply(world, act, policy, now);
    move(world, acts, assume, now);
    now = nextMoment(world, seen, actions, now);
  }
  return { ...endless, steps, ms: LONGEST_MS, lowestAdmitting, lowestRoom };
}

const endless = { result: 'endless', because: [], hint: undefined } as const;

/** The calls of relays that drain from now on end; as many others come, in turn, to those that take calls. */
function move(world: World, acts: readonly Act[], assume: Assumptions, now: number): void {
  const drained = acts.flatMap((act) => (act.kind === 'cordon' ? (simRelay(world, act.relay) ?? []) : []));
  if (drained.length === 0) return;
  const open = world.relays.filter(({ limit, readyAt }) => limit !== 0 && readyAt <= now);
  let turn = 0;
  for (const relay of drained) {
    const calls = relay.calls.length;
    for (let call = 0; call < calls; call += 1, turn += 1)
      open[turn % Math.max(1, open.length)]?.calls.push(Number.POSITIVE_INFINITY);
    relay.calls = spread(calls, assume, now);
  }
}

/** One second on; while all that is under way only waits, on to the next thing that happens. */
function nextMoment(world: World, seen: Fleet, actions: readonly Action[], now: number): number {
  const proving = seen.relays.some((relay) => looksEmpty(relay));
  if (proving || actions.some(isAct)) return now + TICK_MS;
  const lastCalls = world.relays.map(({ cordon, calls }) =>
    cordon === undefined ? 0 : calls.reduce((last, at) => Math.max(last, at), 0),
  );
  const holds = actions.flatMap((action) => (action.kind === 'hold' ? (action.until ?? []) : []));
  const ready = world.relays.map(({ readyAt }) => readyAt);
  const coming = [...lastCalls, ...ready, ...holds].filter((at) => at > now);
  return Math.max(now + TICK_MS, Math.min(...coming, now + LONGEST_MS));
}

function finish(actions: readonly Action[]): Pick<Preview, 'result' | 'because' | 'hint'> | undefined {
  const halt = actions.find((action) => action.kind === 'halt');
  if (halt !== undefined) return { result: 'halted', because: [halt.because], hint: halt.hint };
  const result = endOf(actions);
  return result === undefined
    ? undefined
    : { result, because: actions.map(({ because }) => because), hint: undefined };
}

/** Nobody works on it and nothing has changed: another look would say the same, and most of a fleet is like that. */
function isAsSeen(relay: SimRelay, { id, vm, cordon, awaitsController, looks }: Relay, now: number): boolean {
  if (relay.readyAt > now || relay.cordon !== undefined || relay.awaitsController || relay.limit === 0)
    return false;
  if (vm.state !== 'ready' || cordon !== undefined || awaitsController || id !== String(relay.id))
    return false;
  const answer = lastAnswer({ looks });
  return answer?.limit === relay.limit && answer.own === relay.calls.length;
}

function sight(world: World, relay: SimRelay, now: number): Sighting {
  const report = reportOf(relay, now);
  return {
    ...cloudView(world, relay, now),
    look: lookAt(world, relay, now),
    // What keeps calls from moving is not known before; that they can is the rule.
    movable: { kind: 'yes' },
    ...(report === undefined ? {} : { report }),
  };
}

/** What an act does, when it succeeds at once. */
export function apply(world: World, act: Act, policy: Policy, now: number): void {
  const relay = simRelay(world, act.relay);
  if (relay === undefined) return;
  switch (act.kind) {
    case 'cordon':
      relay.cordon = { at: now, by: 'sim', before: { limit: relay.limit, deleteDelay: relay.deleteDelay } };
      relay.limit = 0;
      return;
    case 'reassert':
      relay.limit = 0;
      return;
    case 'remove-empty-calls':
    case 'reap':
      return;
    case 'replace':
    case 'force':
      relay.awaitsController = true;
      recreate(world, relay, now);
      return;
    case 'hand-over': {
      const to = simRelay(world, act.to);
      if (to === undefined) return;
      to.cordon ??= { at: now, by: 'sim', before: { limit: to.limit, deleteDelay: to.deleteDelay } };
      handOver(world, relay, to);
      return;
    }
    case 'give-back':
      giveBack(world, relay);
      return;
    case 'admit':
      relay.limit = policy.servingLimit;
      relay.awaitsController = false;
      return;
    case 'uncordon':
      relay.limit = act.settings.limit;
      relay.cordon = undefined;
      relay.awaitsController = false;
      return;
    case 'release':
      relay.awaitsController = false;
      return;
    default:
      act satisfies never;
  }
}
