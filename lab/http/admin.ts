/** The lab's own calls, beside GCE's: faults on request, and what there is at a glance. */
import type { Lab } from '../context.ts';
import { readFault } from '../faults.ts';
import { viewGroup } from '../groups/view.ts';
import { zoneOf } from '../links.ts';
import { ensureRedisMachine } from '../redis-machines.ts';
import { refuse } from '../refusal.ts';
import type { Json } from '../types.ts';
import type { Reply } from './reply.ts';
import { ok, parseBody } from './reply.ts';

export const isAdminPath = (path: string): boolean => path.startsWith('/lab/');

export async function handleAdmin(lab: Lab, method: string, path: string, text: string): Promise<Reply> {
  switch (`${method} ${path}`) {
    case 'GET /lab/v1/status':
      return ok(status(lab));
    case 'GET /lab/v1/faults':
      return ok({ faults: lab.faults.list() });
    case 'POST /lab/v1/faults':
      lab.faults.add(readFault(parseBody(text)));
      return ok({ faults: lab.faults.list() });
    case 'DELETE /lab/v1/faults':
      lab.faults.clear();
      return ok({ faults: [] });
    case 'POST /lab/v1/redis-machines':
      return ok(await ensureRedisMachine(lab, (parseBody(text) ?? {}) as Json));
    default:
      throw refuse(404, 'notFound', `There is no ${method} ${path}`);
  }
}

function status(lab: Lab): object {
  const { tables, operations, redis } = lab.state;
  return {
    project: lab.project,
    zones: lab.zones,
    instances: Object.entries(tables.instances).map(([link, { resource, imageId }]) => ({
      name: resource.name,
      zone: zoneOf(link),
      id: resource.id,
      status: resource.status,
      address: resource.networkInterfaces?.[0]?.networkIP,
      image: imageName(lab, imageId),
    })),
    groups: Object.entries(tables.instanceGroupManagers).map(([link, group]) => ({
      name: group.resource.name,
      zone: zoneOf(link),
      targetSize: group.resource.targetSize,
      isStable: viewGroup(group).status?.isStable,
      members: Object.values(group.members).map(({ name, action, failure }) => ({
        name,
        action,
        failure: failure?.message,
      })),
    })),
    images: Object.values(tables.images)
      .filter(({ deleted }) => !deleted)
      .map(({ resource: { id, name, family, status: state, deprecated } }) => ({
        id,
        name,
        family,
        status: state,
        deprecated: deprecated?.state,
      })),
    redis: Object.values(redis).map(({ name, state, host, port }) => ({ name, state, host, port })),
    operations: Object.values(operations)
      .filter(({ resource }) => resource.status !== 'DONE')
      .map(({ resource: { name, operationType, targetLink, status: state } }) => ({
        name,
        operationType,
        targetLink,
        status: state,
      })),
    faults: lab.faults.list(),
  };
}

const imageName = (lab: Lab, id: string): string | undefined =>
  Object.values(lab.state.tables.images).find(({ resource }) => String(resource.id) === id)?.resource.name ??
  undefined;
