/** One request after routing and checking, and what every handler does with it. */
import type { Lab } from '../context.ts';
import { fingerprintOf, newId, timestamp } from '../context.ts';
import type { OperationFault } from '../faults.ts';
import type { Scope } from '../links.ts';
import { linkTo, pathOf, regionOfZone } from '../links.ts';
import { invalid, notFound, refuse } from '../refusal.ts';
import type { Table, Work } from '../state.ts';
import type { Json, Link, Named, Operation } from '../types.ts';

export type Call = {
  readonly lab: Lab;
  /** Variables of the path and of the query, e.g. `zone`, `instance`, `filter`. */
  readonly params: Readonly<Record<string, string>>;
  /** The body, checked against the contract, with canonical links; `{}` when there is none. */
  readonly body: Json;
  /** Where it happens: `zones/z`, `regions/r` or `global`. */
  readonly scope: Scope;
  readonly fault?: OperationFault | undefined;
};

/** Answers with a resource, a list or an operation; refuses by throwing (lab/refusal.ts). */
export type Handler = (call: Call) => object | Promise<object>;
/** Handlers by method, e.g. `Instances.Insert`. */
export type Handlers = Readonly<Record<string, Handler>>;

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** GCE's rule for names: RFC 1035. */
export function checkName(name: unknown, field = 'resource.name'): string {
  if (typeof name === 'string' && NAME.test(name)) return name;
  throw invalid(field, name ?? '', "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'");
}

/** The entry of a table, or GCE's 404. */
export function entryOf<T>(table: Table<T>, link: Link): T {
  const entry = table[link];
  if (entry === undefined) throw notFound(pathOf(link));
  return entry;
}

export function checkFree<T>(table: Table<T>, link: Link): void {
  if (table[link] === undefined) return;
  throw refuse(409, 'alreadyExists', `The resource '${pathOf(link)}' already exists`);
}

/** What GCE gives every new resource. */
export function birthFacts({ lab, scope }: Call, collection: string, name: string) {
  return {
    id: newId(lab),
    name,
    creationTimestamp: timestamp(lab),
    selfLink: linkTo(lab.project, `${scope}/${collection}/${name}`),
    ...placeOf(lab.project, scope),
  };
}

function placeOf(project: string, scope: Scope): { zone?: string; region?: string } {
  if (scope.startsWith('zones/')) return { zone: linkTo(project, scope) };
  return scope.startsWith('regions/') ? { region: linkTo(project, scope) } : {};
}

/** The link of the thing that a path variable names. */
export function linkOf({ lab, scope, params }: Call, collection: string, variable: string): Link {
  return linkTo(lab.project, `${scope}/${collection}/${params[variable] ?? ''}`);
}

/** Answers with the operation that does, or has done, `work`. */
export function operate(
  call: Call,
  type: string,
  target: Named,
  work: Work = { kind: 'nothing' },
): Operation {
  return call.lab.operations.start({
    scope: call.scope,
    type,
    target: target.selfLink ?? '',
    targetId: String(target.id ?? ''),
    work,
    fault: call.fault,
  });
}

/** Fingerprints are bytes: gcloud reads them and writes them again in the URL-safe alphabet. */
const bytesOf = (fingerprint: unknown): string =>
  Buffer.from(String(fingerprint), 'base64url').toString('hex');

/** Optimistic locking: a fingerprint that is given must be the present one. */
export function checkFingerprint(given: unknown, present: string, required: boolean): void {
  if (!required && (given === undefined || given === null || given === '')) return;
  if (given != null && bytesOf(given) === bytesOf(present)) return;
  throw refuse(412, 'conditionNotMet', 'Supplied fingerprint does not match current metadata fingerprint.');
}

const LABEL_KEY = /^[a-z][a-z0-9_-]{0,62}$/;
const LABEL_VALUE = /^[a-z0-9_-]{0,63}$/;

/** GCE's rule for labels: lower case, digits, `_` and `-`, at most 63, at most 64 labels. */
export function checkLabels(labels: unknown, field = 'resource.labels'): Record<string, string> {
  const given = (labels ?? {}) as Record<string, string>;
  for (const [key, value] of Object.entries(given)) {
    if (!LABEL_KEY.test(key)) throw invalid(field, key, 'Label keys must match [a-z][a-z0-9_-]{0,62}.');
    if (!LABEL_VALUE.test(value))
      throw invalid(`${field}.${key}`, value, 'Label values must match [a-z0-9_-]{0,63}.');
  }
  if (Object.keys(given).length > 64) throw invalid(field, Object.keys(given).length, 'At most 64 labels.');
  return given;
}

/** `setLabels`: replaces all labels, guarded by `labelFingerprint`. */
export function setLabels(
  resource: { labels?: object | null; labelFingerprint?: string | null },
  body: Json,
): void {
  checkFingerprint(body.labelFingerprint, resource.labelFingerprint ?? fingerprintOf(resource.labels), true);
  resource.labels = checkLabels(body.labels, 'labels');
  resource.labelFingerprint = fingerprintOf(resource.labels);
}

/** Every region that a zone of the lab lies in. */
export const regionsOf = (lab: Lab): string[] => [...new Set(lab.zones.map(regionOfZone))];

/** Every scope of an aggregated list. */
export const scopesOf = (lab: Lab): Scope[] => [
  'global',
  ...regionsOf(lab).map((region) => `regions/${region}`),
  ...lab.zones.map((zone) => `zones/${zone}`),
];

/** JSON merge patch (RFC 7396): objects merge, `null` takes away, anything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
