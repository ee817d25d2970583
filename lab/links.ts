/**
 * Names of resources. Inside the lab every link is Google's canonical URL, so that the state does not depend on the port;
 * on the wire it begins with the lab's own address. Clients may write a full URL, a partial one, or a bare name. Pure.
 */
import { invalid } from './refusal.ts';
import type { Link } from './types.ts';

export const GOOGLE = 'https://www.googleapis.com/compute/v1/';
const ANY_HOST = /^https?:\/\/[^/]+\/compute\/v1\/(?=projects\/)/;

/** A place: `global`, `zones/us-central1-a` or `regions/us-central1`. */
export type Scope = string;

export const linkTo = (project: string, path: string): Link => `${GOOGLE}projects/${project}/${path}`;
export const lastOf = (link: string): string => link.slice(link.lastIndexOf('/') + 1);
/** `projects/p/zones/z/instances/x` of a link. */
export const pathOf = (link: Link): string => link.slice(GOOGLE.length);
/** `zones/z`, `regions/r` or `global` of a link. */
export const scopeOfLink = (link: Link): Scope =>
  /\/(zones\/[^/]+|regions\/[^/]+)\//.exec(link)?.[1] ?? 'global';
export const zoneOf = (link: Link): string => lastOf(scopeOfLink(link));
export const regionOfZone = (zone: string): string => zone.slice(0, zone.lastIndexOf('-'));

/** Rewrites every string of a JSON value. */
export function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, change)]));
}

/** What came in: links of any host become canonical. */
export const canonical = (value: unknown): unknown =>
  mapStrings(value, (text) => text.replace(ANY_HOST, GOOGLE));

/** What goes out: canonical links begin with the address that the client reached us at. */
export const outward = (value: unknown, origin: string): unknown =>
  mapStrings(value, (text) =>
    text.startsWith(GOOGLE) ? `${origin}/compute/v1/${text.slice(GOOGLE.length)}` : text,
  );

/**
 * Reads a reference in `field`: `https://…/projects/p/global/networks/n`, `projects/p/…`, `global/networks/n`,
 * `regions/r/…`, `zones/z/…`, or a bare name in `scope`/`collection`.
 */
export function readLink(
  field: string,
  text: string,
  project: string,
  scope: Scope,
  collection: string,
): Link {
  const path = text.startsWith(GOOGLE) ? text.slice(GOOGLE.length) : text.replace(/^\/+/, '');
  if (/^projects\/[^/]+\/(global|zones\/|regions\/)/.test(path)) return GOOGLE + path;
  if (/^(global|zones\/[^/]+|regions\/[^/]+)\/[^/]+\/./.test(path)) return linkTo(project, path);
  if (/^[a-z0-9-]+$/.test(path)) return linkTo(project, `${scope}/${collection}/${path}`);
  throw invalid(field, text, 'The URL is malformed.');
}
