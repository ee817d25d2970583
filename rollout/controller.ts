/**
 * The loop: observe → plan → journal → act → wait, until nothing is left to do. It knows only what it sees: killed
 * anywhere and started again it goes on from what the fleet shows.
 */
import { type FleetError, isFleetError } from '../lib/errors.ts';
import type { Act, Action } from './core/actions.ts';
import { isAct } from './core/actions.ts';
import { changes, NOTHING_TOLD, refOf, stateOf, type Told } from './core/changes.ts';
import type { Fleet } from './core/fleet.ts';
import { looksEmpty } from './core/guard.ts';
import type { Standing } from './core/phase.ts';
import { endOf, plan, standingsOf } from './core/plan.ts';
import type { Policy } from './core/policy.ts';
import { restoring, underPause, type Wish } from './core/wish.ts';
import { type Done, execute } from './execute.ts';
import type { Outlook } from './foresee.ts';
import { type Ask, type Gates, openGates } from './gates.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { Observer } from './observe.ts';
import type { Ports } from './ports.ts';
import { aborted, doneBecause, failed, held, interrupted, type RunEnd, refused } from './run-end.ts';
import { settledLimited } from './settled.ts';

export type Run = {
  /** Id of this run; written on the VMs that it cordons. */
  readonly id: string;
  readonly by: string;
  readonly pid: number;
  readonly policy: Policy;
  readonly observer: Observer;
  /** Aborted by Ctrl-C: the acts in hand are finished, then the run ends. */
  readonly stop: AbortSignal;
  /** What people ask of this run; read in every round. Never rejects. */
  readonly wish: () => Promise<Wish | undefined>;
  /** Asked before relays are cordoned; absent: nobody is. */
  readonly consent?: Ask;
  /** Asked once, before the first act: what is to be told, and why the run is not begun. Absent: nothing is looked at. */
  readonly foresee?: (fleet: Fleet) => Promise<Outlook>;
  /** Foretells how long drains take; absent: nothing is said about that. */
  readonly lifetimes?: Lifetimes;
};

const ACTS_AT_ONCE = 16;
/** While a drain is at its end, the proof is gathered this fast; the round after an act comes as soon, ms. */
const PROOF_MS = 100;
/** A cloud that cannot be read is asked again after this, doubled each time up to the last, ms. */
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** Runs until the fleet serves what it should, or cannot go on. Rejects only for a defect. */
export async function runRollout(ports: Ports, run: Run): Promise<RunEnd> {
  const { journal, clock } = ports;
  const startedAt = clock.now();
  const progress: Progress = {
    fleet: undefined,
    told: NOTHING_TOLD,
    started: false,
    cleared: false,
    acted: false,
    wish: undefined,
    gates: openGates(run.consent, clock),
  };
  const end = await untilEnd(ports, run, progress).finally(progress.gates.close);
  const relays = progress.fleet === undefined ? [] : standingsOf(progress.fleet, run.policy).map(stateOf);
  const seconds = (clock.now() - startedAt) / 1000;
  const { fleet: _, ...said } = end;
  journal.write({ kind: 'run-ended', ...said, seconds, relays });
  return end;
}

type Progress = {
  fleet: Fleet | undefined;
  told: Told;
  started: boolean;
  /** Nothing speaks against the first act. */
  cleared: boolean;
  /** The last round changed something, and what follows from that may be done at once. */
  acted: boolean;
  wish: Wish | undefined;
  readonly gates: Gates;
};

async function untilEnd(ports: Ports, run: Run, progress: Progress): Promise<RunEnd> {
  let misses = 0;
  for (;;) {
    if (run.stop.aborted) return interrupted(progress.fleet);
    try {
      ports.lock.check();
      const end = await round(ports, run, progress);
      if (end !== undefined) return end;
      misses = 0;
      await ports.clock.sleep(pauseMs(progress, run.policy), wakes(run, progress));
    } catch (error) {
      if (!isFleetError(error)) throw error;
      // What was never seen is more likely a wrong name than a passing trouble.
      if (error.kind !== 'retry' || !progress.cleared) return failed(error, progress.fleet);
      ports.journal.write({ kind: 'observe-failed', code: error.code, message: error.message });
      misses += 1;
      await ports.clock.sleep(Math.min(RETRY_MS * 2 ** (misses - 1), LONGEST_RETRY_MS), run.stop);
    }
  }
}

/** One round; the end of the run if this round is it. */
async function round(ports: Ports, run: Run, progress: Progress): Promise<RunEnd | undefined> {
  const { journal, clock } = ports;
  const wish = await hear(ports, run, progress);
  if (wish?.kind === 'abort' && !wish.uncordon) return aborted(wish, progress.fleet);
  const fleet = await run.observer.observe();
  progress.fleet = fleet;
  const now = clock.now();
  const standings = standingsOf(fleet, run.policy);
  if (!progress.started) journal.write(started(run, fleet));
  progress.started = true;
  const refusal = progress.cleared ? undefined : await lookAhead(run, fleet, journal);
  if (refusal !== undefined) return refusal;
  progress.cleared = true;
  const decided = decide(fleet, standings, run.policy, wish, now);
  const actions = progress.gates.pass(decided);
  const news = changes(progress.told, standings, actions, now);
  progress.told = news.told;
  for (const event of [...news.events, ...(run.lifetimes?.watch(fleet) ?? [])]) journal.write(event);
  const halt = actions.find((action) => action.kind === 'halt');
  if (halt !== undefined) return { result: 'halted', because: halt.because, hint: halt.hint, fleet };
  const end = endOf(actions);
  if (end !== undefined && wish?.kind === 'abort') return aborted(wish, fleet, actions);
  if (end === 'done') return { result: 'done', because: doneBecause(fleet), fleet };
  if (end === 'held') return held(fleet, actions);
  const acts = actions.filter(isAct);
  const outcomes = await settledLimited(acts, ACTS_AT_ONCE, (act) => carryOut(act, ports, run));
  const fatal = outcomes.find((outcome) => isFleetError(outcome));
  if (fatal !== undefined) throw fatal;
  progress.acted = outcomes.length > 0 && outcomes.every((outcome) => outcome === 'done');
  return undefined;
}

/** What is known before the first act; the end of a run that is not begun. */
async function lookAhead(run: Run, fleet: Fleet, journal: Ports['journal']): Promise<RunEnd | undefined> {
  const { lines, refusals } = (await run.foresee?.(fleet)) ?? { lines: [], refusals: [] };
  if (lines.length > 0) journal.write({ kind: 'foreseen', lines });
  return refusals.length === 0 ? undefined : refused(refusals, fleet);
}

/** The wish in force; a new one is told first. */
async function hear(ports: Ports, run: Run, progress: Progress): Promise<Wish | undefined> {
  const wish = await run.wish();
  if (wish !== undefined && wish.at !== progress.wish?.at) {
    const { kind, uncordon, by, at } = wish;
    ports.journal.write({ kind: 'wish', wish: kind, uncordon, by, askedAt: new Date(at).toISOString() });
  }
  progress.wish = wish;
  return wish;
}

function decide(
  fleet: Fleet,
  standings: readonly Standing[],
  policy: Policy,
  wish: Wish | undefined,
  now: number,
): readonly Action[] {
  if (wish?.kind === 'abort') return restoring(fleet, standings, wish, policy, now);
  const actions = plan(fleet, policy, now);
  return wish?.kind === 'pause' ? underPause(actions, wish) : actions;
}

/**
 * One act, told before and after. A failure is noted, and the loop comes round again; a failure that ends the run comes
 * back. After Ctrl-C, or without the lock, what is in hand is finished and nothing further is begun.
 */
async function carryOut(act: Act, ports: Ports, run: Run): Promise<FleetError | 'done' | 'not done'> {
  if (run.stop.aborted) return 'not done';
  const { journal, clock } = ports;
  const relay = refOf(act.relay);
  const startedAt = clock.now();
  try {
    ports.lock.check();
    journal.write({ kind: 'action-decided', action: act.kind, relay, because: act.because });
    const done = await execute(act, ports, { run: run.id, policy: run.policy });
    run.observer.note(act.relay, undefined);
    tellDone(act, done, (clock.now() - startedAt) / 1000, ports);
    return 'done';
  } catch (error) {
    if (!isFleetError(error)) throw error;
    const next = error.kind === 'retry' || error.kind === 'hold' ? error.kind : 'stop';
    const { code, message } = error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    const seconds = (clock.now() - startedAt) / 1000;
    journal.write({ kind: 'action-failed', action: act.kind, relay, seconds, code, message, ...hint, next });
    if (next === 'stop') return error;
    run.observer.note(act.relay, { action: act.kind, at: clock.now(), next, message });
    return 'not done';
  }
}

function tellDone(act: Act, done: Done, seconds: number, { journal }: Ports): void {
  const relay = refOf(act.relay);
  const detail = done.detail === undefined ? {} : { detail: done.detail };
  journal.write({ kind: 'action-done', action: act.kind, relay, seconds, ...done });
  if (act.kind !== 'admit' && act.kind !== 'release') return;
  const version = act.relay.report?.version ?? act.relay.version;
  journal.write({ kind: 'relay-admitted', relay, ...(version === undefined ? {} : { version }), ...detail });
}

/** What ends a pause before its time. */
function wakes({ stop }: Run, { gates }: Progress): AbortSignal {
  const answered = gates.answered();
  return answered === undefined ? stop : AbortSignal.any([stop, answered]);
}

function pauseMs({ fleet, acted }: Progress, { pollSeconds }: Policy): number {
  const closing = fleet?.relays.some((relay) => !relay.onTarget && looksEmpty(relay)) ?? false;
  return closing || acted ? Math.min(PROOF_MS, pollSeconds * 1000) : pollSeconds * 1000;
}

function started(run: Run, fleet: Fleet) {
  return {
    kind: 'run-started',
    fleet: fleet.name,
    by: run.by,
    pid: run.pid,
    policy: run.policy,
    targets: fleet.targets.map(({ version, ...target }) => ({
      ...target,
      ...(version === undefined ? {} : { version }),
    })),
    relays: standingsOf(fleet, run.policy).map(stateOf),
  } as const;
}
