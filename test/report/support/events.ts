import type { EventBody, RolloutEvent } from '../../../rollout/core/events.ts';
import { POLICY } from '../../rollout/support/fleets.ts';

/** The moment `seconds` after the start of a made-up run. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();
}

export const RELAY = { zone: 'z', name: 'r' };

export type Told = readonly [number, EventBody];

/** A journal written by hand: seconds since the start, and what is told then. */
export function journal(...lines: readonly Told[]): readonly RolloutEvent[] {
  return lines.map(([seconds, body]) => ({ v: 1, run: 'x', at: at(seconds), ...body }));
}

export const START: EventBody = {
  ...{ kind: 'run-started', fleet: 'f', by: 'me', pid: 1, policy: POLICY },
  ...{ targets: [{ zone: 'z', template: 't', image: 'i', version: 'mr12.5.1.31' }], relays: [] },
};

export function observed(changes: Partial<Extract<EventBody, { kind: 'relay-observed' }>> = {}): EventBody {
  return { kind: 'relay-observed', relay: RELAY, phase: 'stale', ...changes };
}
