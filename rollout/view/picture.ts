/** A run as a picture: what each zone and each relay under way shows, kept from the events alone. Pure. */
import type { RelayState, RolloutEvent } from '../core/events.ts';
import { plural } from '../core/words.ts';
import { drainWords } from './eta.ts';
import { callsOf } from './fleet-table.ts';

type Shown = {
  readonly state: RelayState;
  /** What is done with it, or waited for. */
  readonly doing?: string;
  readonly overdue?: boolean;
  readonly eta?: string;
};

export type Picture = {
  /** In the order of the rollout. */
  readonly zones: readonly string[];
  /** By zone, then by name. */
  readonly relays: ReadonlyMap<string, ReadonlyMap<string, Shown>>;
  /** What the whole run waits for. */
  readonly wait?: string;
  /** What it could not do, or was asked; until something else happens. */
  readonly note?: string;
};

type Started = Extract<RolloutEvent, { readonly kind: 'run-started' }>;

export function pictureOf({ relays, targets }: Started): Picture {
  const zones = targets.map(({ zone }) => zone);
  const used = zones.filter((zone) => relays.some(({ relay }) => relay.zone === zone));
  const own = (zone: string) => relays.filter(({ relay }) => relay.zone === zone);
  const shown = used.map(
    (zone) => [zone, new Map(own(zone).map((state) => [state.relay.name, { state }]))] as const,
  );
  return { zones: used, relays: new Map(shown) };
}

export function pictureAfter(picture: Picture, event: RolloutEvent): Picture {
  switch (event.kind) {
    case 'relay-observed':
      return withRelay(picture, event.relay, (shown) => observed(shown, event));
    case 'action-decided':
      return withRelay(picture, event.relay, (shown) => ({
        ...shown,
        doing: `${event.action}, because ${event.because}`,
      }));
    case 'action-failed':
      return withRelay(picture, event.relay, (shown) => ({
        ...shown,
        doing: `${event.action} failed: ${event.message}`,
      }));
    case 'eta':
      return withRelay(picture, event.relay, (shown) => ({ ...shown, eta: drainWords(event) }));
    case 'hold': {
      const { relay, because, overdue } = event;
      if (relay === undefined) return { ...picture, wait: because };
      return withRelay(picture, relay, (shown) => ({ ...shown, doing: because, overdue }));
    }
    case 'hold-ended':
      if (event.relay === undefined) return without(picture, 'wait');
      return withRelay(picture, event.relay, ({ state, eta }) => ({
        state,
        ...(eta === undefined ? {} : { eta }),
      }));
    case 'wish':
      return event.wish === 'resume'
        ? without(picture, 'note')
        : { ...picture, note: `${event.by} asked it to ${event.wish}` };
    case 'observe-failed':
      return { ...picture, note: `the fleet cannot be read: ${event.message}; trying again` };
    case 'notify-failed':
      return { ...picture, note: `${event.to} could not be told: ${event.message}` };
    default:
      return picture;
  }
}

/** `us-central1-a: 3 of 14 relays done, 120 calls` */
export function zoneTitle(picture: Picture, zone: string): string {
  const own = relaysOf(picture, zone);
  const done = own.filter(isDone).length;
  const known = own.filter(({ state }) => state.own !== undefined);
  const calls = known.reduce((sum, { state }) => sum + Number(callsOf(state)), 0);
  const silent = own.length - known.length;
  const unknown = silent === 0 ? '' : `, and ${plural(silent, 'relay')} not counted`;
  return `${zone}: ${done} of ${plural(own.length, 'relay')} done, ${plural(calls, 'call')}${unknown}`;
}

/** Relays of a zone that are under way, one line each; the longest work first. */
export function zoneLines(picture: Picture, zone: string, most: number): readonly string[] {
  const busy = relaysOf(picture, zone).filter(isUnderWay);
  const first = [...busy].sort((a, b) =>
    (a.state.cordonedAt ?? '~').localeCompare(b.state.cordonedAt ?? '~'),
  );
  const more = busy.length - most;
  return [
    ...first.slice(0, most).map(relayLine),
    ...(more > 0 ? [`and ${plural(more, 'relay')} more under way`] : []),
  ];
}

/** What concerns no single relay. */
export function runLines({ wait, note }: Picture): readonly string[] {
  return [...(wait === undefined ? [] : [`the run waits: ${wait}`]), ...(note === undefined ? [] : [note])];
}

/** Nothing is left to do in it: every relay serves, or a person wants it left alone. */
export function isZoneDone(picture: Picture, zone: string): boolean {
  return relaysOf(picture, zone).every((shown) => isDone(shown) || isLeftAlone(shown));
}

function relayLine({ state, doing, overdue, eta }: Shown): string {
  const { relay, phase, cordonedAt } = state;
  const since = cordonedAt === undefined ? '' : ` since ${cordonedAt.slice(11, 19)}`;
  const what =
    doing ?? (state.own === undefined ? 'it does not answer' : plural(Number(callsOf(state)), 'call'));
  const until = eta === undefined || phase !== 'draining' ? '' : `; ${eta}`;
  return `${relay.name}: ${overdue ? 'HELD, ' : ''}${phase}${since}: ${what}${until}`;
}

function observed(
  { eta, ...shown }: Shown,
  { kind: _, ...state }: RelayState & { readonly kind: string },
): Shown {
  // What was said of an earlier phase is no longer so.
  if (state.phase !== shown.state.phase) return { state };
  return { ...shown, state, ...(eta === undefined ? {} : { eta }) };
}

function isDone({ state }: Shown): boolean {
  return state.phase === 'serving';
}

function isLeftAlone({ state }: Shown): boolean {
  return state.leftAlone !== undefined && state.phase === 'stale';
}

function isUnderWay({ state, doing }: Shown): boolean {
  return state.phase !== 'serving' && (state.phase !== 'stale' || doing !== undefined);
}

function relaysOf({ relays }: Picture, zone: string): readonly Shown[] {
  return [...(relays.get(zone)?.values() ?? [])];
}

function withRelay(picture: Picture, relay: RelayState['relay'], change: (shown: Shown) => Shown): Picture {
  const own = picture.relays.get(relay.zone);
  const shown = own?.get(relay.name);
  if (shown === undefined) return picture;
  const relays = new Map(picture.relays).set(relay.zone, new Map(own).set(relay.name, change(shown)));
  // Something happened, so that the fleet can be read again.
  return { ...without(picture, 'note'), relays };
}

function without(picture: Picture, key: 'wait' | 'note'): Picture {
  const { [key]: _, ...rest } = picture;
  return rest;
}
