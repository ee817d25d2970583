/** When a rollout may begin something: maintenance windows, and a last moment. Drains in hand go on meanwhile. Pure. */
import type { Action } from './actions.ts';
import { isBeginning } from './actions.ts';
import type { Policy } from './policy.ts';

export type WindowPolicy = Pick<Policy, 'windows' | 'timeZone' | 'until'>;
type Window = Policy['windows'][number];

const MINUTE_MS = 60_000;
/** Windows that are shorter than this may be overlooked when the next one is looked for. */
const STEP_MS = 5 * MINUTE_MS;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;

/** The same actions, without those that begin something while that is not allowed; why they are missing is said. */
export function timely(actions: readonly Action[], policy: WindowPolicy, now: number): readonly Action[] {
  const begun = actions.filter(isBeginning);
  if (begun.length === 0) return actions;
  const closed = closedAt(policy, now);
  return closed === undefined ? actions : [...actions.filter((action) => !isBeginning(action)), closed];
}

function closedAt(policy: WindowPolicy, now: number): Action | undefined {
  if (isPast(policy, now)) {
    const because = `nothing is begun after ${iso(policy.until ?? now)}`;
    return { kind: 'hold', because, overdue: true };
  }
  if (isOpen(policy, now)) return undefined;
  const next = nextOpening(policy, now);
  const when = next === undefined ? 'none opens within a week' : `the next one opens ${iso(next)}`;
  const because = `outside the maintenance windows (${policy.timeZone}); ${when}`;
  return { kind: 'hold', because, overdue: false, ...(next === undefined ? {} : { until: next }) };
}

/** The run's own last moment has passed. */
export function isPast({ until }: Pick<WindowPolicy, 'until'>, now: number): boolean {
  return until !== undefined && now > until;
}

/** No window at all is always open. A window that ends before it begins goes on into the next day. */
export function isOpen({ windows, timeZone }: WindowPolicy, now: number): boolean {
  if (windows.length === 0) return true;
  const here = localTime(now, timeZone);
  return windows.some((window) => holds(window, here));
}

/** The first minute from now on at which a window is open, within a week; undefined: there is none. */
export function nextOpening(policy: WindowPolicy, now: number): number | undefined {
  const start = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  for (let at = start; at <= start + WEEK_MS; at += STEP_MS) {
    if (!isOpen(policy, at)) continue;
    let first = at;
    while (first - MINUTE_MS > start && isOpen(policy, first - MINUTE_MS)) first -= MINUTE_MS;
    return Math.max(first, now);
  }
  return undefined;
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
type Local = { readonly day: number; readonly minute: number };

function holds({ days, from, to }: Window, { day, minute }: Local): boolean {
  const [begin, end] = [minuteOf(from), minuteOf(to)];
  const on = (index: number) => days === undefined || days.some((name) => name === DAYS[(index + 7) % 7]);
  if (begin < end) return on(day) && minute >= begin && minute < end;
  return (on(day) && minute >= begin) || (on(day - 1) && minute < end);
}

/** `22:30` → 1350. */
function minuteOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a format is a thousand times as dear as using it. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  formats.set(timeZone, known);
  return known;
}

function localTime(at: number, timeZone: string): Local {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const day = (DAYS as readonly (string | undefined)[]).indexOf(parts.get('weekday')?.toLowerCase());
  return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}

function iso(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
