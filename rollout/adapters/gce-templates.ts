/** Which of a project's instance templates stand for each other in different zones. */
import { METADATA } from '../../configs/naming.ts';
import type { Gce, GceAnswer } from '../../lib/gce.ts';
import type { Template } from '../core/rollback.ts';
import { templateMetadata } from './gce-view.ts';

type Listed = GceAnswer<'instanceTemplates', 'list'>[number];

export async function readTemplates(gce: Gce): Promise<readonly Template[]> {
  return (await gce.call('instanceTemplates', 'list', {})).map(templateOf);
}

/** What belongs to a region or zone (infra/template.ts): the networks, and the floating addresses of the zone. Pure. */
export function templateOf(template: Listed): Template {
  const { properties } = template;
  const nics = (properties?.networkInterfaces ?? []).map(({ network, subnetwork }) => [
    pathOf(network),
    pathOf(subnetwork),
  ]);
  const make = JSON.stringify(properties ?? {}, (key, value: unknown) => {
    if (isOfPlace(key)) return undefined;
    return Array.isArray(value) ? value.filter((one) => !isFloating(one)) : value;
  });
  const created = Date.parse(template.creationTimestamp ?? '');
  return {
    name: template.name ?? '',
    place: JSON.stringify([nics, templateMetadata(template, METADATA.floating)]),
    make,
    createdAt: Number.isNaN(created) ? 0 : created,
  };
}

/** A fingerprint is of all metadata, the floating addresses among them. */
function isOfPlace(key: string): boolean {
  return key === 'network' || key === 'subnetwork' || key === 'fingerprint';
}

function isFloating(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'key' in item && item.key === METADATA.floating;
}

/** The same thing may be linked to with and without a host. */
function pathOf(link: string | null | undefined): string {
  return (link ?? '').replace(/^.*\/projects\//, 'projects/');
}
