/** Controllers on a simulated fleet, as new processes. */
import { type Run, runRollout } from '../../rollout/controller.ts';
import type { EventBody } from '../../rollout/core/events.ts';
import type { Policy } from '../../rollout/core/policy.ts';
import { createObserver } from '../../rollout/observe.ts';
import type { Ports } from '../../rollout/ports.ts';
import type { RunEnd } from '../../rollout/run-end.ts';
import { clockOf, cloudOf, killed, movesOf, proxiesOf, type Running, relaysOf } from './ports.ts';
import type { Stage } from './stage.ts';

export type RunOptions = {
  /** The effect, or the line of its journal, at which the process dies. */
  readonly killAt?: number;
  readonly killAtEvent?: number;
  readonly stop?: AbortSignal;
} & Pick<Run, 'foresee' | 'consent'>;

/** Starts a controller; rejects with `Killed` when its process dies. */
export async function startRun(stage: Stage, policy: Policy, options: RunOptions = {}): Promise<RunEnd> {
  stage.processes += 1;
  const { killAt = Number.POSITIVE_INFINITY, killAtEvent = Number.POSITIVE_INFINITY } = options;
  const id = `r${stage.processes}`;
  const running: Running = { stage, id, killAt, killAtEvent, effects: 0, events: 0, dead: false };
  const cloud = cloudOf(running);
  const relays = relaysOf(running);
  const clock = clockOf(running);
  const journal = { write: (event: EventBody) => write(running, event) };
  const lock = { check: () => undefined };
  const door = stage.floating === true ? { moves: movesOf(running) } : {};
  const ports: Ports = { cloud, relays, proxies: proxiesOf(running), ...door, clock, lock, journal };
  const { zones, name } = stage.world;
  return await runRollout(ports, {
    id,
    by: 'test',
    pid: 1,
    policy,
    observer: createObserver({ cloud, relays, ...door, clock }, { name, zones, policy }),
    stop: options.stop ?? new AbortController().signal,
    wish: async () => stage.wishes.get(id),
    ...(options.foresee === undefined ? {} : { foresee: options.foresee }),
    ...(options.consent === undefined ? {} : { consent: options.consent }),
  });
}

/** A line of the journal; the process may die over it. */
function write(running: Running, event: EventBody): void {
  const { stage, killAtEvent } = running;
  if (running.dead) return;
  running.events += 1;
  if (running.events >= killAtEvent || stage.random() < stage.faults.killAtEvent) throw killed(running);
  stage.onEvent?.(event);
}
