import type { RolloutEvent } from '../core/events.ts';
import type { CallLine } from './call-lines.ts';
import type { RelayReport, SessionsReport } from './types.ts';

/**
 * Calls at once by relay, second by second: as the callers see them where a caller told, else as the relays said in the
 * journal (there a relay keeps its last count until the next is told; without an answer it is not known). Pure.
 */
export function sessionsOf(
  calls: readonly CallLine[],
  events: readonly RolloutEvent[],
  relays: readonly RelayReport[],
): SessionsReport {
  return fromCaller(calls, relays) ?? fromRelays(events, relays);
}

function fromCaller(calls: readonly CallLine[], relays: readonly RelayReport[]): SessionsReport | undefined {
  const seconds = calls.filter((line) => line.kind === 'second');
  const [first, last] = [seconds[0], seconds.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const names = [...new Set(seconds.flatMap((line) => Object.keys(line.relays)))];
  const length = indexOf(last.at, first.at) + 1;
  const rows = names.map((name) => {
    const values = new Array<number | null>(length).fill(null);
    for (const line of seconds) values[indexOf(line.at, first.at)] = line.relays[name] ?? null;
    return { name: nameOf(name, relays), calls: filled(values) };
  });
  return { source: 'caller', startedAt: first.at, relays: rows };
}

/** The caller knows `address:port`; people know the relay's name. */
function nameOf(place: string, relays: readonly RelayReport[]): string {
  const address = place.replace(/:\d+$/, '');
  const callers = relays.find((relay) => (relay.floating ?? relay.address) === address);
  return callers?.name ?? place;
}

/** A tick that fell into its neighbour's second leaves a hole of one; it is not a moment without knowledge. */
function filled(values: readonly (number | null)[]): readonly (number | null)[] {
  return values.map((value, at) => value ?? values[at - 1] ?? null);
}

function fromRelays(events: readonly RolloutEvent[], relays: readonly RelayReport[]): SessionsReport {
  // What is said before the first look tells nothing of calls.
  const start = events.find(({ kind }) => kind === 'run-started') ?? events[0];
  const startedAt = start?.at ?? new Date(0).toISOString();
  const length = events.length === 0 ? 0 : indexOf(events.at(-1)?.at ?? startedAt, startedAt) + 1;
  const observed = events.filter((event) => event.kind === 'relay-observed');
  const rows = relays.map(({ zone, name }) => {
    const own = observed.filter(({ relay }) => relay.zone === zone && relay.name === name);
    const values = new Array<number | null>(length).fill(null);
    own.forEach((event, at) => {
      const until = own[at + 1]?.at;
      const to = until === undefined ? length : indexOf(until, startedAt);
      const count = event.own === undefined ? null : event.own + (event.foreign ?? 0);
      values.fill(count, indexOf(event.at, startedAt), Math.max(to, indexOf(event.at, startedAt) + 1));
    });
    return { name, calls: values };
  });
  return { source: 'relays', startedAt, relays: rows };
}

function indexOf(at: string, startedAt: string): number {
  return Math.round((Date.parse(at) - Date.parse(startedAt)) / 1_000);
}
