/** How numbers, times and phases read in a report. Pure. */
import type { Phase } from '../core/fleet.ts';

/** What each phase is called in the chart; its colour is the CSS class of the same name. */
export const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  stale: 'serving the old image',
  draining: 'draining',
  empty: 'empty',
  replacing: 'replacing',
  joining: 'joining',
  serving: 'serving the new image',
  parked: 'parked',
};

/** `12345` → `12,345`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 call`, `12 calls`. */
export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`;
}

/** `0.4 s`, `48 s`, `2 min 05 s`, `10 min`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')} min`;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${String(rest).padStart(2, '0')} s`;
}

/** Time since the start as on a stopwatch: `0:07`, `1:02:45`; with tenths `0:07.3`. */
export function offset(seconds: number, tenths = false): string {
  const all = tenths ? Math.round(seconds * 10) / 10 : Math.round(seconds);
  const sign = all < 0 ? '−' : '';
  const whole = Math.floor(Math.abs(all));
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const clock = hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}` : `${minutes}`;
  const tenth = tenths ? `.${Math.round((Math.abs(all) % 1) * 10)}` : '';
  return `${sign}${clock}:${String(rest).padStart(2, '0')}${tenth}`;
}

/** A round step for about `wanted` marks on an axis of so many seconds. */
export function axisStep(seconds: number, wanted: number): number {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
  return steps.find((step) => seconds / step <= wanted) ?? Math.ceil(seconds / wanted / 86_400) * 86_400;
}
