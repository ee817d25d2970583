import type { RolloutEvent } from '../core/events.ts';
import { secondsBetween } from './relay-story.ts';
import type { Decision, Wait } from './types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Every decision with its reason and what became of it, in the order of time. Pure. */
export function decisionsOf(events: readonly RolloutEvent[]): readonly Decision[] {
  const decisions: Mutable<Decision>[] = [];
  const pending = new Map<string, Mutable<Decision>>();
  for (const event of events) {
    if (event.kind === 'action-decided') {
      const { at, run, action, relay, because } = event;
      const decision: Mutable<Decision> = {
        ...{ at, run, what: action, relay: relay.name, because, outcome: 'unknown' },
      };
      decisions.push(decision);
      pending.set(keyOf(event), decision);
    }
    if (event.kind === 'action-done' || event.kind === 'action-failed') settle(pending, event);
  }
  return decisions;
}

type Settled = Extract<RolloutEvent, { kind: 'action-done' | 'action-failed' }>;

function settle(pending: Map<string, Mutable<Decision>>, event: Settled): void {
  const decision = pending.get(keyOf(event));
  if (decision === undefined) return;
  pending.delete(keyOf(event));
  decision.seconds = event.seconds;
  decision.outcome = event.kind === 'action-done' ? 'done' : 'failed';
  const detail = event.kind === 'action-done' ? event.detail : event.message;
  if (detail !== undefined) decision.detail = detail;
}

function keyOf({ run, action, relay }: Settled | Extract<RolloutEvent, { kind: 'action-decided' }>): string {
  return `${run} ${action} ${relay.zone}/${relay.name}`;
}

/**
 * What was waited for. A reason whose numbers only count down (`12 calls` … `1 call`) is one wait, worded as it began.
 * A wait of a run that was killed ends where the next run begins. Pure.
 */
export function waitsOf(events: readonly RolloutEvent[], until: string): readonly Wait[] {
  const waits: Mutable<Wait>[] = [];
  const open = new Map<string, Mutable<Wait>>();
  const close = (key: string, at: string) => {
    const wait = open.get(key);
    if (wait === undefined) return;
    open.delete(key);
    wait.to = at;
    wait.seconds = secondsBetween(wait.from, at) ?? 0;
  };
  for (const event of events) {
    if (event.kind === 'run-started' || event.kind === 'run-ended')
      for (const key of [...open.keys()]) close(key, event.at);
    if (event.kind === 'hold-ended') close(event.relay?.name ?? '', event.at);
    if (event.kind !== 'hold') continue;
    const key = event.relay?.name ?? '';
    const known = open.get(key);
    if (known !== undefined && shapeOf(known.because) === shapeOf(event.because)) {
      known.overdue = event.overdue;
      continue;
    }
    close(key, event.at);
    const wait: Mutable<Wait> = {
      ...(event.relay === undefined ? {} : { relay: event.relay.name }),
      ...{ because: event.because, from: event.at, to: event.at, seconds: 0, overdue: event.overdue },
    };
    open.set(key, wait);
    waits.push(wait);
  }
  for (const key of [...open.keys()]) close(key, until);
  return waits;
}

function shapeOf(because: string): string {
  return because.replace(/\d+(\.\d+)?/g, '#').replace(/\bcalls\b/g, 'call');
}
