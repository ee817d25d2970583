/** Reads what images there are and who uses them. Either all of it, or an error: what is not seen must not be taken for unused. */
import { FleetError } from '../../lib/errors.ts';
import type { GceScoped } from '../../lib/gce.ts';
import type { Cloud } from '../publish.ts';
import { factsOf } from './facts.ts';
import type { Stock } from './prune.ts';
import { type Holders, unknownTemplates, usesOf } from './uses.ts';

/**
 * @throws FleetError `hold`, code `users-unknown`: a zone or region does not answer, or a group's template cannot be read
 */
export async function readStock({ gce, signal }: Cloud, pinned: readonly string[]): Promise<Stock> {
  const [images, templates, groups, disks] = await Promise.all([
    gce.call('images', 'list', {}, { signal }),
    gce.aggregated('instanceTemplates', {}, { signal }),
    gce.aggregated('instanceGroupManagers', {}, { signal }),
    gce.aggregated('disks', {}, { signal }),
  ]);
  const holders: Holders = {
    templates: itemsOf(templates, 'instanceTemplates'),
    groups: itemsOf(groups, 'instanceGroupManagers'),
    disks: itemsOf(disks, 'disks'),
  };
  const unknown = unknownTemplates(holders);
  if (unknown.length > 0)
    throw usersUnknown(`a group uses template ${unknown.join(', ')}, which cannot be read`);
  return { images: images.map(factsOf), uses: usesOf(holders), pinned };
}

type Scoped = GceScoped<'instanceTemplates' | 'instanceGroupManagers' | 'disks'>;

/** The items of all scopes. GCE names a scope that it could not ask in a warning, with HTTP 200. */
function itemsOf<T>(pages: readonly Scoped[], key: string): readonly T[] {
  return pages.flatMap(([scope, list]) => {
    const code = list?.warning?.code;
    if (code && code !== 'NO_RESULTS_ON_PAGE') throw usersUnknown(`${scope} did not answer (${code})`);
    return ((list as Readonly<Record<string, unknown>>)?.[key] as readonly T[] | null) ?? [];
  });
}

function usersUnknown(why: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'users-unknown',
    message: `who uses which image cannot be told: ${why}`,
    hint: 'Nothing was changed; try again.',
  });
}
