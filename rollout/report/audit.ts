import type { EventKind, RolloutEvent } from '../core/events.ts';
import { sayingOf } from '../view/lines.ts';
import type { AuditLine } from './types.ts';

/** What people asked of a run, what it foresaw, and what it could not do beside its relays. */
const AUDITED: readonly EventKind[] = [
  'locked',
  'foreseen',
  'target-set',
  'wish',
  'notify-failed',
  'observe-failed',
];

/** Who ran it, who told it what, and what else happened, in the order of time. Pure. */
export function auditOf(events: readonly RolloutEvent[]): readonly AuditLine[] {
  return events
    .filter(({ kind }) => AUDITED.includes(kind))
    .flatMap((event) => sayingOf(event).map((said) => ({ at: event.at, run: event.run, said: said.trim() })));
}
