/** How a run ends, in words. Pure. */
import { type FleetError, reasonOf } from '../lib/errors.ts';
import type { Action } from './core/actions.ts';
import type { Reason, RunResult } from './core/events.ts';
import type { Fleet } from './core/fleet.ts';
import type { Wish } from './core/wish.ts';

export type RunEnd = {
  readonly result: RunResult;
  readonly because: string;
  readonly hint?: string;
  readonly code?: string;
  readonly reasons?: readonly Reason[];
  readonly fleet: Fleet | undefined;
};

export function doneBecause(fleet: Fleet): string {
  const versions = [...new Set(fleet.targets.map(({ version, image }) => version ?? image))];
  const done = fleet.relays.filter(({ onTarget }) => onTarget).length;
  return `${done} of ${fleet.relays.length} relays run ${versions.join(', ')}`;
}

/** `left`: what could not be taken back. */
export function aborted(wish: Wish, fleet: Fleet | undefined, left: readonly Action[] = []): RunEnd {
  const kept = left.map(({ relay, because }) => `; ${relay?.name ?? 'fleet'} stays cordoned: ${because}`);
  const relays = wish.uncordon ? 'relays that drained take calls again' : 'every relay stays as it is';
  return {
    result: 'aborted',
    because: `aborted by ${wish.by}; ${relays}${kept.join('')}`,
    hint: 'Run it again to go on from there.',
    fleet,
  };
}

export function interrupted(fleet: Fleet | undefined): RunEnd {
  return {
    result: 'interrupted',
    because: 'stopped by a signal; every relay stays as it is',
    hint: 'Run it again to go on from there.',
    fleet,
  };
}

export function failed(error: FleetError, fleet: Fleet | undefined): RunEnd {
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return { result: 'failed', because: reasonOf(error), ...hint, code: error.code, fleet };
}

/** Wrong from the start: nothing was touched. */
export function refused(reasons: readonly Reason[], fleet: Fleet | undefined, code = 'preflight'): RunEnd {
  const because = reasons.map(({ message }) => message).join(' ');
  return { result: 'refused', because, hint: 'No relay was touched.', code, reasons, fleet };
}

export function held(fleet: Fleet, actions: readonly Action[]): RunEnd {
  return {
    result: 'held',
    because: actions.map(({ because, relay }) => `${relay?.name ?? 'fleet'}: ${because}`).join('; '),
    hint: 'Nothing was forced. Run it again to go on; status shows every relay.',
    fleet,
  };
}

/** What stopped a run before its first look at the fleet; a mistake is refused, anything else has failed. */
export function neverBegun(error: FleetError): RunEnd {
  if (error.kind !== 'usage') return failed(error, undefined);
  const { code, message, hint } = error;
  const end = refused([{ message, next: hint ?? '' }], undefined, code);
  return { ...end, hint: hint ?? 'No relay was touched.' };
}
