/** Get → there is none: create it; it differs: patch the difference; else leave it alone. */

import type { Json } from '../../infra/evaluate/protocol.ts';
import { FleetError } from '../../lib/errors.ts';
import { differences, withoutNulls } from './difference.ts';
import { computePath, type Rest } from './rest.ts';

export type Change =
  | { readonly kind: 'created' }
  /** The fields that were patched. */
  | { readonly kind: 'changed'; readonly fields: readonly string[] }
  | { readonly kind: 'unchanged' }
  /** The lab has nothing of this kind. */
  | { readonly kind: 'skipped'; readonly because: string };

export type Ensured = {
  readonly change: Change;
  /** For people: collection and name, e.g. `firewalls lab-media`. */
  readonly what: string;
  /** The resource as the API shows it. */
  readonly resource: Json;
};

export type Target = {
  /** `global`, `regions/r` or `zones/z`. */
  readonly scope: string;
  readonly collection: string;
  /** What it should be, with its `name`; `null` clears a field. */
  readonly body: Json;
  /** Top-level fields that GCE changes in place. */
  readonly mutable: readonly string[];
};

/** @throws FleetError `hold`, code `apply-replace`: it differs in what cannot be changed in place. */
export async function ensure(rest: Rest, { scope, collection, body, mutable }: Target): Promise<Ensured> {
  const name = String(body.name);
  const parent = computePath(rest.project, `${scope}/${collection}`);
  const what = `${collection} ${name}`;
  const present = await rest.get(`${parent}/${name}`);
  if (present === undefined) {
    await rest.mutate('POST', parent, withoutNulls(body) as Json);
    return { change: { kind: 'created' }, what, resource: await found(rest, `${parent}/${name}`) };
  }
  const fields = differences(body, present);
  if (fields.length === 0) return { change: { kind: 'unchanged' }, what, resource: present };
  const fixed = fields.filter((field) => !mutable.includes(field));
  if (fixed.length > 0) throw needsReplacement(what, fixed);
  const fingerprint = present.fingerprint === undefined ? {} : { fingerprint: present.fingerprint };
  const patch = Object.fromEntries(fields.map((field) => [field, body[field]]));
  await rest.mutate('PATCH', `${parent}/${name}`, { ...patch, ...fingerprint });
  return { change: { kind: 'changed', fields }, what, resource: await found(rest, `${parent}/${name}`) };
}

async function found(rest: Rest, path: string): Promise<Json> {
  const resource = await rest.get(path);
  if (resource !== undefined) return resource;
  throw new FleetError({
    kind: 'retry',
    code: 'apply-gone',
    message: `${path} is gone: someone deleted it just now.`,
  });
}

export function needsReplacement(what: string, fields: readonly string[]): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'apply-replace',
    message: `${what} would have to be replaced to change ${fields.join(', ')}; lab apply replaces nothing.`,
    hint: 'Take the lab down (`pnpm lab down`) and apply again.',
  });
}
