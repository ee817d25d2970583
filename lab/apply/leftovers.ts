/** What of the fleet there is in the lab though the program does not declare it. */

import type { Json } from '../../infra/evaluate/protocol.ts';
import { linkPath } from './difference.ts';
import { computePath, type Rest } from './rest.ts';

const COLLECTIONS = [
  'global/networks',
  'global/firewalls',
  'global/healthChecks',
  'global/instanceTemplates',
  'aggregated/subnetworks',
  'aggregated/routers',
  'aggregated/instanceGroupManagers',
  'aggregated/targetInstances',
  'aggregated/forwardingRules',
];

/**
 * Links of resources whose name is the fleet's or begins with `<fleet>-` and that are not among `declared`. Told, never deleted: old
 * templates are what relays run until a rollout has replaced them, and `pulumi up` leaves those as well.
 */
export async function leftovers(
  rest: Rest,
  fleet: string,
  declared: ReadonlySet<string>,
): Promise<readonly string[]> {
  const lists = await Promise.all(
    COLLECTIONS.map((path) => rest.send('GET', computePath(rest.project, path))),
  );
  return lists
    .flatMap(itemsOf)
    .filter(({ name }) => name === fleet || String(name).startsWith(`${fleet}-`))
    .map(({ selfLink }) => linkPath(String(selfLink)))
    .filter((link) => !declared.has(link))
    .sort();
}

/** Items of a list, or of all scopes of an aggregated one. */
function itemsOf({ items = [] }: Json): readonly Json[] {
  if (Array.isArray(items)) return items as readonly Json[];
  return Object.values(items as Json).flatMap((scope) =>
    Object.values(scope as Json).flatMap((list) => (Array.isArray(list) ? (list as readonly Json[]) : [])),
  );
}
