/** A fleet as a table for people. Pure. */
import type { RelayState, TargetState } from '../core/events.ts';
import { columns } from './columns.ts';

type Wanted = Pick<TargetState, 'zone' | 'image'> & { readonly version?: string | undefined };

/** One line per relay, columns aligned, then what the groups want. */
export function fleetLines(targets: readonly Wanted[], relays: readonly RelayState[]): readonly string[] {
  const head = ['ZONE', 'RELAY', 'VERSION', 'PHASE', 'CALLS', 'ADDRESS', ''];
  const rows = relays.map((state) => [
    state.relay.zone,
    state.relay.name,
    state.version ?? '?',
    state.phase,
    callsOf(state),
    state.address ?? '-',
    noteOf(state),
  ]);
  const wanted = new Set(
    targets.map(({ version, image }) => `${version ?? 'an unknown version'} (image ${image})`),
  );
  return [...columns([head, ...rows]), `wanted: ${[...wanted].join('; ')}`];
}

/** Calls on a relay; `?` when it did not say. */
export function callsOf({ own, foreign }: RelayState): string {
  return own === undefined || foreign === undefined ? '?' : String(own + foreign);
}

function noteOf(state: RelayState): string {
  const notes = [state.leftAlone ?? '', serviceOf(state)];
  return notes.filter((note) => note !== '').join('; ');
}

function serviceOf({ admitting, phase, cordonedAt, cordonedBy }: RelayState): string {
  if (cordonedAt !== undefined) return `cordoned ${cordonedAt} by ${cordonedBy}`;
  if (phase === 'replacing') return 'its group is busy with it';
  if (admitting === undefined) return 'does not answer';
  return admitting ? '' : 'takes no calls';
}
