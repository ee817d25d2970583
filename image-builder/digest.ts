/** Digests that name things: stage keys, the identifiers inside a disk. Pure. */
import { createHash } from 'node:crypto';

/** Anything that JSON can say; objects are digested with sorted keys, so their order does not matter. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** sha256 of a text, 64 hexadecimal digits. */
export function textDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** sha256 of a value's canonical JSON. */
export function digestOf(value: Json): string {
  return textDigest(canonical(value));
}

/** TypeScript without block comments, whole-line comments and blanks. Pure. */
export function bareCode(text: string): string {
  return text
    .replace(/\/\*\*.*?\*\//gs, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s+/g, '');
}

/** A UUID (form of version 4) that only depends on `seed` and `purpose`: the same inputs give the same disk. */
export function uuidFrom(seed: string, purpose: string): string {
  const hex = textDigest(`${seed}:${purpose}`);
  const variant = (8 + (Number.parseInt(hex.charAt(16), 16) % 4)).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
