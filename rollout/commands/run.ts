/** `rollout run`: take the lock, run the controller, show its events, end with its exit code. */
import { resolve } from 'node:path';
import process from 'node:process';
import { EXIT, isFleetError } from '../../lib/errors.ts';
import { askGates, notifier } from '../adapters/hooks.ts';
import { journalFile, openJournal } from '../adapters/journal.ts';
import { takeLock } from '../adapters/lock.ts';
import type { Metrics } from '../adapters/metrics.ts';
import { ownerOf } from '../adapters/owner.ts';
import type { RedisPlace } from '../adapters/redis.ts';
import { openSharedJournal, type SharedJournal } from '../adapters/redis-journal.ts';
import { openWishes, type Wishes } from '../adapters/wishes.ts';
import { runRollout } from '../controller.ts';
import type { RolloutEvent } from '../core/events.ts';
import { effectivePolicy } from '../core/policy.ts';
import { runId } from '../core/run-id.ts';
import { outlook } from '../foresee.ts';
import type { Ask } from '../gates.ts';
import { watchLifetimes } from '../lifetimes.ts';
import type { Journal, Lock } from '../ports.ts';
import { neverBegun, type RunEnd } from '../run-end.ts';
import { controlPlace, type FleetOptions, observerOf, type Session, withSession } from '../session.ts';
import { troublesIn } from '../troubles.ts';
import { chooseView } from '../view/choose.ts';
import { overridesOf, type PolicyOptions } from './overrides.ts';

export type RunOptions = FleetOptions &
  PolicyOptions & {
    readonly drain: boolean;
    readonly json: boolean;
    readonly journal?: string;
    /** A file, or host:port. */
    readonly metrics?: string;
  };

/** What is done under the lock before the run looks at the fleet. */
export type Prepare = (session: Session, journal: Journal) => Promise<void>;

const nothing: Prepare = async () => undefined;

type SharedPlace = { readonly redis: RedisPlace; readonly fleet: string };

/** Rejects with a FleetError before anything was touched; afterwards it answers the exit code. */
export async function run(options: RunOptions, prepare: Prepare = nothing): Promise<number> {
  return await withSession(options, async (session) => {
    const metrics = await metricsOf(options, session);
    try {
      return await runShown(session, options, prepare, metrics);
    } finally {
      await metrics?.close();
    }
  });
}

/** The library that words them is loaded only where they are wanted. */
async function metricsOf({ metrics }: RunOptions, { file }: Session): Promise<Metrics | undefined> {
  if (metrics === undefined) return undefined;
  return await (await import('../adapters/metrics.ts')).openMetrics(metrics, file.name);
}

async function runShown(
  session: Session,
  options: RunOptions,
  prepare: Prepare,
  metrics: Metrics | undefined,
): Promise<number> {
  const id = runId(session.clock.now(), Math.random());
  const file = options.journal ?? journalFile(id);
  const place = await controlPlace(session);
  const wishFile = resolve(`${file}.wish`);
  const owner = ownerOf(id, session.by, session.clock.now(), wishFile);
  const lock = await takeLock({ ...place, owner, clock: session.clock });
  const { redis, fleet } = place;
  const shared = lock.kind === 'redis' && redis !== undefined ? { redis, fleet } : undefined;
  const wishes = await openWishes(id, wishFile, shared);
  const view = chooseView({ json: options.json, isTty: process.stdout.isTTY === true });
  const copy = shared === undefined ? undefined : await openCopy(shared);
  try {
    const news = notifier(session.file.rollout.hooks, session.file.name, (to, message) =>
      journal.write({ kind: 'notify-failed', to, message }),
    );
    const journal = openJournal(file, id, session.clock, viewsOf(view, copy, metrics, news));
    const end = await toEnd(session, options, { id, lock, journal, wishes, prepare }).finally(async () => {
      await news.close();
      await view.close();
    });
    if (!options.json) process.stdout.write(`journal: ${file}\n`);
    return exitCode(end);
  } finally {
    const missing = (await copy?.close()) ?? 0;
    if (missing > 0) process.stderr.write(`${missing} events of the journal did not get into Redis\n`);
    wishes.close();
    await lock.release();
  }
}

type Shown = { readonly show: (event: RolloutEvent) => void };

function viewsOf(...views: readonly (Shown | undefined)[]): readonly Shown['show'][] {
  return views.flatMap((view) => (view === undefined ? [] : [view.show]));
}

function lockedEvent({ kind: lock, token, detail, tookOver }: Lock, { file, by }: Session) {
  const dead = tookOver === undefined ? {} : { tookOver };
  return { kind: 'locked', fleet: file.name, by, lock, token, detail, ...dead } as const;
}

type Locked = {
  readonly id: string;
  readonly lock: Lock;
  readonly journal: Journal;
  readonly wishes: Wishes;
  readonly prepare: Prepare;
};

/** Whatever keeps the run from its first look is told as its end: in the journal, to its views, to whoever follows it. */
async function toEnd(session: Session, options: RunOptions, locked: Locked): Promise<RunEnd> {
  const { clock } = session;
  const { lock, journal, prepare } = locked;
  const startedAt = clock.now();
  journal.write(lockedEvent(lock, session));
  try {
    await session.proxies.check();
    await prepare(session, journal);
  } catch (error) {
    if (!isFleetError(error) || error.code === 'journal') throw error;
    const end = neverBegun(error);
    const { fleet: _, ...said } = end;
    journal.write({ kind: 'run-ended', ...said, seconds: (clock.now() - startedAt) / 1000, relays: [] });
    return end;
  }
  return await runLocked(session, options, locked);
}

/** Nobody has to follow a run: without Redis there is the file. */
async function openCopy({ redis, fleet }: SharedPlace): Promise<SharedJournal | undefined> {
  try {
    return await openSharedJournal(redis, fleet);
  } catch (error) {
    if (!isFleetError(error)) throw error;
    process.stderr.write(`The journal is kept in its file only: ${error.message}\n`);
    return undefined;
  }
}

async function runLocked(
  session: Session,
  options: RunOptions,
  { id, lock, journal, wishes }: Locked,
): Promise<RunEnd> {
  const { file, cloud, relays, proxies, moves, clock, by } = session;
  const { hooks } = file.rollout;
  const consent: Ask = (names, because, stop) =>
    askGates(hooks, { fleet: file.name, run: id, relays: names, because }, stop);
  const policy = effectivePolicy(file, overridesOf(options, options.drain));
  const observer = observerOf(session, policy);
  const { stop, forget } = stopOnSignal();
  try {
    return await runRollout(
      { cloud, relays, proxies, ...(moves === undefined ? {} : { moves }), journal, clock, lock },
      {
        id,
        by,
        pid: process.pid,
        policy,
        observer,
        stop,
        wish: wishes.read,
        foresee: async (fleet) =>
          outlook(fleet, policy, await troublesIn(fleet, session, policy), clock.now()),
        lifetimes: watchLifetimes(relays, clock),
        ...(hooks.gates.length === 0 ? {} : { consent }),
      },
    );
  } finally {
    forget();
  }
}

/** The first signal finishes what is in hand; a second one ends at once, which is safe as well. */
function stopOnSignal(): { readonly stop: AbortSignal; readonly forget: () => void } {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write('rollout: stopping; what is in hand is finished first (again: stop at once)\n');
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  const forget = () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  return { stop: controller.signal, forget };
}

function exitCode({ result }: RunEnd): number {
  switch (result) {
    case 'done':
      return EXIT.done;
    case 'refused':
      return EXIT.usage;
    case 'held':
    case 'halted':
    case 'failed':
      return EXIT.halted;
    case 'aborted':
      return EXIT.aborted;
    case 'interrupted':
      return EXIT.interrupted;
    default:
      return result satisfies never;
  }
}
