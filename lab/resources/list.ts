/** Answers of list methods: filter, order, pages, and the shape of aggregated lists. Pure. */
import type { Scope } from '../links.ts';
import { invalid } from '../refusal.ts';
import type { Named } from '../types.ts';
import { parseFilter } from './filter.ts';

type Params = Readonly<Record<string, string>>;

export type Page<T> = { readonly items: T[]; readonly nextPageToken?: string };

const MOST = 500;

/** One page of a list: filtered, ordered (`name` by default, `creationTimestamp desc`), at most `maxResults`. */
export function pageOf<T extends Named>(all: readonly T[], params: Params): Page<T> {
  const keep = parseFilter(params.filter);
  const sorted = all.filter((item) => keep(item)).sort(order(params.orderBy));
  const size = pageSize(params.maxResults);
  const start = pageStart(params.pageToken);
  const items = sorted.slice(start, start + size);
  return start + size < sorted.length ? { items, nextPageToken: tokenFor(start + size) } : { items };
}

function order(orderBy: string | undefined): (a: Named, b: Named) => number {
  const text = (value: string | null | undefined): string => value ?? '';
  if (orderBy === undefined || orderBy === 'name') return (a, b) => text(a.name).localeCompare(text(b.name));
  if (orderBy === 'creationTimestamp desc')
    return (a, b) => text(b.creationTimestamp).localeCompare(text(a.creationTimestamp));
  throw invalid('orderBy', orderBy, 'Only name and creationTimestamp desc are supported.');
}

function pageSize(given: string | undefined): number {
  const size = Number(given ?? MOST);
  if (Number.isInteger(size) && size >= 0) return size === 0 ? MOST : Math.min(size, MOST);
  throw invalid('maxResults', given, 'Must be between 0 and 500.');
}

const tokenFor = (start: number): string => Buffer.from(`from:${start}`).toString('base64url');

function pageStart(token: string | undefined): number {
  if (token === undefined) return 0;
  const start = /^from:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (start === undefined) throw invalid('pageToken', token, 'The page token is not one of this list.');
  return Number(start);
}

export type Scoped<T> = { readonly scope: Scope; readonly resource: T };

/** `items` of an aggregated list: every scope, those without results with GCE's warning. */
export function scopedItems<T extends Named>(
  key: string,
  scopes: readonly Scope[],
  all: readonly Scoped<T>[],
): Record<Scope, object> {
  const perScope = scopes.map((scope) => {
    const found = all.filter((each) => each.scope === scope).map(({ resource }) => resource);
    return [scope, found.length > 0 ? { [key]: found } : nothingIn(scope)] as const;
  });
  return Object.fromEntries(perScope);
}

function nothingIn(scope: Scope): object {
  return {
    warning: {
      code: 'NO_RESULTS_ON_PAGE',
      message: `There are no results for scope '${scope}' on this page.`,
      data: [{ key: 'scope', value: scope }],
    },
  };
}
