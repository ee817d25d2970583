import type { NgDict, NgValue } from './bencode.ts';

/** A value that a relay may leave out or send in another shape. Never read `unknown` as zero. */
export type Known = number | 'unknown';

/** The text at `key`, undefined when absent or of another type. */
export function textAt(dict: NgDict | undefined, key: string): string | undefined {
  const value = dict?.[key];
  return typeof value === 'string' ? value : undefined;
}

/** The dictionary at `key`, undefined when absent or of another type. */
export function dictAt(dict: NgDict | undefined, key: string): NgDict | undefined {
  const value = dict?.[key];
  return isDict(value) ? value : undefined;
}

/** The list at `key`, undefined when absent or of another type. */
export function listAt(dict: NgDict | undefined, key: string): readonly NgValue[] | undefined {
  const value = dict?.[key];
  return Array.isArray(value) ? value : undefined;
}

/** A count at `key`: a whole number ≥ 0, as an integer or as decimal text (RTPEngine sends `uptime` as text). */
export function countAt(dict: NgDict | undefined, key: string): Known {
  const value = dict?.[key];
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : 'unknown';
}

export function isDict(value: NgValue | undefined): value is NgDict {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
