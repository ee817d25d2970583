/**
 * Kinds that no machine runs behind in the lab: networks, subnetworks, firewalls, routers, addresses, health checks, forwarding rules and
 * their targets. They are kept as GCE keeps them, with the same checks of names, references and use; packets are not filtered by them.
 */
import type { Lab } from '../context.ts';
import { fingerprintOf } from '../context.ts';
import type { Scope } from '../links.ts';
import { linkTo, pathOf, scopeOfLink } from '../links.ts';
import { refuse } from '../refusal.ts';
import type { Entry, SimpleTable, Table, Work } from '../state.ts';
import type { Json, Link, Named } from '../types.ts';
import type { Call, Handler, Handlers } from './call.ts';
import {
  birthFacts,
  checkFingerprint,
  checkFree,
  checkLabels,
  checkName,
  entryOf,
  linkOf,
  mergePatch,
  operate,
  scopesOf,
} from './call.ts';
import { pageOf, scopedItems } from './list.ts';

export type SimpleKind = {
  /** e.g. `Networks`. */
  readonly service: string;
  readonly table: SimpleTable;
  /** e.g. `compute#network`. */
  readonly kind: string;
  /** Path variable that names one, e.g. `network`. */
  readonly variable: string;
  /** May it be changed in place (PATCH)? */
  readonly patch: boolean;
  /** Lists over all regions at once? */
  readonly aggregated: boolean;
  /** Checks a new or changed one and fills in what GCE fills in. */
  readonly complete: (call: Call, resource: Json, self: Link) => Json;
  /** The thing that needs it, if any: it cannot be deleted then. */
  readonly usedBy: (lab: Lab, self: Link) => Link | undefined;
  /** What a new one brings about; default: nothing. */
  readonly effect?: Work;
};

type SimpleResource = Named & {
  fingerprint?: string | null;
  labelFingerprint?: string | null;
  labels?: object | null;
};

const tableOf = (lab: Lab, kind: SimpleKind): Table<Entry<SimpleResource>> =>
  lab.state.tables[kind.table] as Table<Entry<SimpleResource>>;

const inScope = (lab: Lab, kind: SimpleKind, scope: Scope): SimpleResource[] =>
  Object.entries(tableOf(lab, kind))
    .filter(([link]) => scopeOfLink(link) === scope)
    .map(([, { resource }]) => resource);

/** Handlers of one kind. */
export function simpleHandlers(kind: SimpleKind): Handlers {
  const handlers: Record<string, Handler> = {
    [`${kind.service}.Insert`]: (call) => insert(kind, call),
    [`${kind.service}.Get`]: (call) =>
      entryOf(tableOf(call.lab, kind), linkOf(call, kind.table, kind.variable)).resource,
    [`${kind.service}.List`]: (call) => ({
      kind: `${kind.kind}List`,
      id: `projects/${call.lab.project}/${call.scope}/${kind.table}`,
      selfLink: linkTo(call.lab.project, `${call.scope}/${kind.table}`),
      ...pageOf(inScope(call.lab, kind, call.scope), call.params),
    }),
    [`${kind.service}.Delete`]: (call) => remove(kind, call),
  };
  if (kind.patch) handlers[`${kind.service}.Patch`] = (call) => patch(kind, call);
  if (kind.aggregated) handlers[`${kind.service}.AggregatedList`] = (call) => aggregate(kind, call);
  return handlers;
}

function insert(kind: SimpleKind, call: Call): object {
  const name = checkName(call.body.name);
  const birth = birthFacts(call, kind.table, name);
  const table = tableOf(call.lab, kind);
  checkFree(table, birth.selfLink);
  checkLabels(call.body.labels);
  const resource = { kind: kind.kind, ...kind.complete(call, call.body, birth.selfLink), ...birth };
  table[birth.selfLink] = { resource };
  return operate(call, 'insert', resource, kind.effect);
}

function patch(kind: SimpleKind, call: Call): object {
  const entry = entryOf(tableOf(call.lab, kind), linkOf(call, kind.table, kind.variable));
  const { resource } = entry;
  const { fingerprint, ...changes } = call.body;
  checkFingerprint(fingerprint, resource.fingerprint ?? '', false);
  const { id, name, selfLink = '', creationTimestamp } = resource;
  const merged = mergePatch(resource, changes) as Json;
  entry.resource = {
    ...kind.complete(call, merged, selfLink ?? ''),
    id,
    name,
    selfLink,
    creationTimestamp,
  } as SimpleResource;
  return operate(call, 'patch', resource);
}

function remove(kind: SimpleKind, call: Call): object {
  const link = linkOf(call, kind.table, kind.variable);
  const { resource } = entryOf(tableOf(call.lab, kind), link);
  const user = kind.usedBy(call.lab, link);
  if (user !== undefined) throw inUse(kind.variable, link, user);
  return operate(call, 'delete', resource, { kind: 'remove', table: kind.table, link });
}

export const inUse = (what: string, link: Link, user: Link) =>
  refuse(
    400,
    'resourceInUseByAnotherResource',
    `The ${what} resource '${pathOf(link)}' is already being used by '${pathOf(user)}'`,
  );

function aggregate(kind: SimpleKind, { lab, params }: Call): object {
  const all = Object.entries(tableOf(lab, kind)).map(([link, { resource }]) => ({
    ...resource,
    scope: scopeOfLink(link),
  }));
  const { items, nextPageToken } = pageOf(all, params);
  const scoped = items.map(({ scope, ...resource }) => ({ scope, resource }));
  return {
    kind: `${kind.kind}AggregatedList`,
    id: `projects/${lab.project}/aggregated/${kind.table}`,
    selfLink: linkTo(lab.project, `aggregated/${kind.table}`),
    items: scopedItems(kind.table, scopesOf(lab), scoped),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
  };
}

/** The value with its own fingerprint. */
export function withFingerprint(resource: Json, key = 'fingerprint', of: unknown = resource): Json {
  return { ...resource, [key]: fingerprintOf(of as object) };
}
