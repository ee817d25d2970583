/** What the kinds of lab/resources/simple.ts share. */
import type { Lab } from '../context.ts';
import { readLink } from '../links.ts';
import type { Json, Link } from '../types.ts';
import type { Call } from './call.ts';
import { entryOf } from './call.ts';

/** The network that `resource.network` names, which must be there. */
export function networkOf(call: Call, resource: Json): Link {
  const text = String(resource.network ?? 'global/networks/default');
  const link = readLink('resource.network', text, call.lab.project, 'global', 'networks');
  entryOf(call.lab.state.tables.networks, link);
  return link;
}

const users = (
  entries: Readonly<Record<Link, { readonly resource: object }>>,
  link: Link,
): Link | undefined =>
  Object.entries(entries).find(([, { resource }]) => JSON.stringify(resource).includes(`"${link}"`))?.[0];

/** Whatever of these tables mentions the link. */
export function firstUser(
  lab: Lab,
  link: Link,
  tables: readonly (keyof Lab['state']['tables'])[],
): Link | undefined {
  return tables.map((name) => users(lab.state.tables[name], link)).find((user) => user !== undefined);
}
