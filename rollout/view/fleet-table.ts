/** A fleet as a table for people. Pure. */
import type { RelayState, TargetState } from '../core/events.ts';
import { columns } from './columns.ts';

type Wanted = Pick<TargetState, 'zone' | 'image'> & { readonly version?: string | undefined };

/** One line per relay, columns aligned, then what the groups want. `addresses`: with a column for them. */
export function fleetLines(
  targets: readonly Wanted[],
  relays: readonly RelayState[],
  addresses = true,
): readonly string[] {
  const head = ['ZONE', 'RELAY', 'VERSION', 'PHASE', 'CALLS', ...(addresses ? ['ADDRESS'] : []), ''];
  const rows = relays.map((state) => [
    state.relay.zone,
    state.relay.name,
    state.version ?? '?',
    state.phase,
    callsOf(state),
    ...(addresses ? [state.address ?? '-'] : []),
    noteOf(state),
  ]);
  return [...columns([head, ...rows]), wantedLine(targets)];
}

function wantedLine(targets: readonly Wanted[]): string {
  const wanted = new Set(
    targets.map(({ version, image }) => `${version ?? 'an unknown version'} (image ${image})`),
  );
  return `wanted: ${[...wanted].join('; ')}`;
}

/** A fleet with more relays than this is told by zone at the start of a run; `status` lists them all. */
const MOST_RELAYS = 20;

/** The fleet at the start of a run. */
export function startLines(targets: readonly Wanted[], relays: readonly RelayState[]): readonly string[] {
  if (relays.length <= MOST_RELAYS) return fleetLines(targets, relays, false);
  const zones = [...new Set(relays.map(({ relay }) => relay.zone))];
  const rows = zones.map((zone) => {
    const own = relays.filter(({ relay }) => relay.zone === zone);
    const known = own.filter((state) => state.own !== undefined);
    const calls = known.reduce((sum, state) => sum + Number(callsOf(state)), 0);
    const versions = [...new Set(own.map(({ version }) => version ?? '?'))].join(', ');
    return [
      zone,
      String(own.length),
      versions,
      phasesOf(own),
      known.length < own.length ? `${calls}+?` : `${calls}`,
    ];
  });
  return [...columns([['ZONE', 'RELAYS', 'VERSION', 'PHASES', 'CALLS'], ...rows]), wantedLine(targets)];
}

/** `12 stale, 2 serving` */
export function phasesOf(relays: readonly Pick<RelayState, 'phase'>[]): string {
  const phases = [...new Set(relays.map(({ phase }) => phase))];
  return phases.map((one) => `${relays.filter(({ phase }) => phase === one).length} ${one}`).join(', ');
}

/** What nobody has to look at: it takes calls, and nothing is said of it. */
export function isQuiet(state: RelayState): boolean {
  return (state.phase === 'serving' || state.phase === 'stale') && noteOf(state) === '';
}

/** Calls on a relay; `?` when it did not say. */
export function callsOf({ own, foreign }: RelayState): string {
  return own === undefined || foreign === undefined ? '?' : String(own + foreign);
}

function noteOf(state: RelayState): string {
  const { leftAlone = '', carriedBy } = state;
  const notes = [
    leftAlone,
    carriedBy === undefined ? '' : `its address is with ${carriedBy}`,
    serviceOf(state),
  ];
  return notes.filter((note) => note !== '').join('; ');
}

function serviceOf({ admitting, phase, cordonedAt, cordonedBy }: RelayState): string {
  if (cordonedAt !== undefined) return `cordoned ${cordonedAt} by ${cordonedBy}`;
  if (phase === 'replacing') return 'its group is busy with it';
  if (admitting === undefined) return 'does not answer';
  return admitting ? '' : 'takes no calls';
}
