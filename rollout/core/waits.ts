/** What a run is waiting for, told from its events. Pure. */
import type { RolloutEvent } from './events.ts';

export type Wait = {
  /** Absent: the whole run waits. */
  readonly relay?: string;
  readonly because: string;
  readonly overdue: boolean;
  /** ISO time. */
  readonly since: string;
};

export type Waits = ReadonlyMap<string, Wait>;

/** The waits after these events, by relay. A run that begins or ends has none. */
export function waitsAfter(before: Waits, events: readonly RolloutEvent[]): Waits {
  const waits = new Map(before);
  for (const event of events) {
    switch (event.kind) {
      case 'run-started':
      case 'run-ended':
        waits.clear();
        break;
      case 'hold': {
        const { relay, because, overdue, at: since } = event;
        const wait = { because, overdue, since };
        waits.set(relay?.name ?? '', relay === undefined ? wait : { relay: relay.name, ...wait });
        break;
      }
      case 'hold-ended':
        waits.delete(event.relay?.name ?? '');
        break;
      default:
        break;
    }
  }
  return waits;
}
