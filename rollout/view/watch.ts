/** What `status --watch` draws: as much as fits the terminal, what needs a look first. Pure. */
import type { RelayState } from '../core/events.ts';
import { plural } from '../core/words.ts';
import { fleetLines, isQuiet, phasesOf } from './fleet-table.ts';
import { wrap } from './wrap.ts';

export type Terminal = { readonly columns: number; readonly rows: number };

type Wanted = Parameters<typeof fleetLines>[0];

/** `below`: lines under the table. */
export function watchLines(
  targets: Wanted,
  relays: readonly RelayState[],
  below: readonly string[],
  { columns, rows }: Terminal,
): readonly string[] {
  const under = below.flatMap((line) => wrap(line, columns));
  // The head, what is wanted, what is left out, and the line on which the cursor stays.
  const room = Math.max(1, rows - under.length - 4);
  const shown = relays.length <= room ? relays : pick(relays, room);
  const hidden = relays.filter((state) => !shown.includes(state));
  const table = fitted(targets, shown, columns);
  const more = hidden.length === 0 ? [] : [`and ${plural(hidden.length, 'relay')} more: ${phasesOf(hidden)}`];
  const lines = [...table.slice(0, -1), ...more, ...table.slice(-1), ...under];
  return lines.slice(0, Math.max(1, rows - 1));
}

/** In the order of the fleet. */
function pick(relays: readonly RelayState[], room: number): readonly RelayState[] {
  const first = new Set([...relays.filter((one) => !isQuiet(one)), ...relays.filter(isQuiet)].slice(0, room));
  return relays.filter((state) => first.has(state));
}

/** Addresses are left out where they do not fit; what is longer still is cut. */
export function fitted(targets: Wanted, relays: readonly RelayState[], columns: number): readonly string[] {
  const whole = fleetLines(targets, relays);
  if (whole.every((line) => line.length <= columns)) return whole;
  return fleetLines(targets, relays, false).map((line) =>
    line.length <= columns ? line : `${line.slice(0, columns - 1)}…`,
  );
}
