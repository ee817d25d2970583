/** Compares what the program wants with what there is. Pure. */
import type { Json } from '../../infra/evaluate/protocol.ts';

/**
 * The top-level fields of `wanted` that `present` does not have so. What `wanted` does not mention is not compared: GCE fills in
 * much that nobody asked for. `null` and empty = absent.
 */
export function differences(wanted: Json, present: Json): readonly string[] {
  return Object.keys(wanted).filter((key) => !same(wanted[key], present[key]));
}

function same(wanted: unknown, present: unknown): boolean {
  if (isEmpty(wanted)) return isEmpty(present);
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(present) &&
      wanted.length === present.length &&
      wanted.every((item, index) => same(item, present[index]))
    );
  }
  if (isObject(wanted)) return isObject(present) && differences(wanted, present).length === 0;
  // int64 comes back as a string, and a link may begin with any host or with none.
  return linkPath(String(wanted)) === linkPath(String(present));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(isEmpty);
}

/** `http://127.0.0.1:8911/compute/v1/projects/p/global/networks/n` → `projects/p/global/networks/n`. */
export function linkPath(text: string): string {
  return text.replace(/^https?:\/\/[^/]+\/compute\/v1\/(?=projects\/)/, '');
}

/** The same value without `null`s: they clear fields in a PATCH and mean nothing in a new resource. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
