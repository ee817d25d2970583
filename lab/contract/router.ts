/** Finds the route of a request among all of Google's. Pure. */
import type { Contract, Route } from '../contract.ts';
import { camelCase } from './words.ts';

export type Match = { readonly route: Route; readonly params: Readonly<Record<string, string>> };
export type Router = (verb: string, path: string) => Match | undefined;

type Compiled = { readonly route: Route; readonly pattern: RegExp; readonly names: readonly string[] };

/** `{project}` is one segment, `{parent_name=reservations/<any>}` as many as it spells out. */
function compile(route: Route): Compiled {
  const names: string[] = [];
  const source = route.path.replace(/\{(\w+)(?:=([^}]+))?\}/g, (_all, name: string, shape = '*') => {
    names.push(camelCase(name));
    return `(${(shape as string).replaceAll('*', '[^/]+')})`;
  });
  return { route, pattern: new RegExp(`^${source}$`), names };
}

const keyOf = (verb: string, path: string): string => `${verb.toLowerCase()} ${path.split('/').length}`;

/** Fewer variables first, so that `/instances/x/stop` is not read as a resource called `stop`. */
export function createRouter(contract: Contract): Router {
  const buckets = new Map<string, Compiled[]>();
  for (const route of contract.routes) {
    const compiled = compile(route);
    const key = keyOf(route.verb, route.path);
    const bucket = [...(buckets.get(key) ?? []), compiled].sort((a, b) => a.names.length - b.names.length);
    buckets.set(key, bucket);
  }
  return (verb, path) => {
    for (const { route, pattern, names } of buckets.get(keyOf(verb, path)) ?? []) {
      const found = pattern.exec(path);
      if (found) return { route, params: readParams(names, found.slice(1)) };
    }
    return undefined;
  };
}

function readParams(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index] ?? '')]));
}
