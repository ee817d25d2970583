/** Who needs an image: templates, groups through their templates, machines through their disks. Pure. */
import type { GceAnswer } from '../../lib/gce.ts';
import { lastPart } from './facts.ts';

export type Template = GceAnswer<'instanceTemplates', 'get'>;
export type Group = GceAnswer<'instanceGroupManagers', 'get'>;
export type Disk = GceAnswer<'disks', 'get'>;

export type Use = {
  /** Name of the image, or of the family whose newest image is meant. */
  readonly of: { readonly kind: 'image' | 'family'; readonly name: string };
  /** `group us-central1-a/lab-us-central1-a`, `template x`, `machine us-central1-a/y`. */
  readonly by: string;
};

export type Holders = {
  readonly templates: readonly Template[];
  readonly groups: readonly Group[];
  readonly disks: readonly Disk[];
};

/**
 * Every use there is. Of a link only the name counts, not the project: an image of the same name elsewhere may be taken for
 * ours, and is kept then, never the other way round.
 */
export function usesOf({ templates, groups, disks }: Holders): readonly Use[] {
  const byTemplate = templates.flatMap((template) => {
    const users = groups.filter((group) => templatesOf(group).includes(template.name ?? ''));
    const names = users.length === 0 ? [`template ${template.name}`] : users.map(groupWords);
    return sourcesOf(template).flatMap((of) => names.map((by) => ({ of, by })));
  });
  const byDisk = disks.flatMap((disk) => {
    const of = sourceOf(disk.sourceImage);
    return of === undefined ? [] : (disk.users ?? []).map((user) => ({ of, by: `machine ${placed(user)}` }));
  });
  return [...byTemplate, ...byDisk];
}

/** Templates that a group names and that are not among those that could be read: what they use is unknown. */
export function unknownTemplates({ templates, groups }: Holders): readonly string[] {
  const known = new Set(templates.map(({ name }) => name));
  return [...new Set(groups.flatMap(templatesOf))].filter((name) => !known.has(name));
}

/** Also those of versions that only some of its machines have. */
function templatesOf({ instanceTemplate, versions }: Group): readonly string[] {
  const links = [instanceTemplate, ...(versions ?? []).map((version) => version.instanceTemplate)];
  return links.flatMap((link) => (link ? [lastPart(link)] : []));
}

function sourcesOf({ properties }: Template): readonly Use['of'][] {
  return (properties?.disks ?? []).flatMap((disk) => sourceOf(disk.initializeParams?.sourceImage) ?? []);
}

/** `…/global/images/x` or `…/global/images/family/f`. */
function sourceOf(link: string | null | undefined): Use['of'] | undefined {
  if (!link) return undefined;
  return { kind: /\/family\/[^/]+$/.test(link) ? 'family' : 'image', name: lastPart(link) };
}

function groupWords({ selfLink, name }: Group): string {
  return `group ${selfLink ? placed(selfLink) : name}`;
}

/** `…/zones/z/instances/x` → `z/x`. */
function placed(link: string): string {
  const [, place, name] = /\/(?:zones|regions)\/([^/]+)\/[^/]+\/([^/]+)$/.exec(link) ?? [];
  return place === undefined ? lastPart(link) : `${place}/${name}`;
}

/** Who uses one image, each once. */
export function usersOf(image: string, family: string | undefined, uses: readonly Use[]): readonly string[] {
  const isMeant = ({ of }: Use): boolean => of.name === (of.kind === 'image' ? image : family);
  return [...new Set(uses.filter(isMeant).map(({ by }) => by))];
}
