/** What a rollout can know of the cloud before it touches a relay: can the VMs that it will order be made at all? */
import { isFleetError } from '../../lib/errors.ts';
import type { Gce } from '../../lib/gce.ts';
import { lastSegment } from './gce-view.ts';

export type Trouble = {
  /** `stop`: no relay could come back. `warn`: a person should know. */
  readonly kind: 'stop' | 'warn';
  readonly message: string;
};

/** Troubles with one template that groups want. Rejects when the cloud cannot be read. */
export async function troublesOf(gce: Gce, project: string, template: string): Promise<readonly Trouble[]> {
  const found = await orMissing(gce.call('instanceTemplates', 'get', { instanceTemplate: template }));
  if (found === undefined)
    return [stop(`The groups want the instance template ${template}, and there is none of that name.`)];
  const disks = found.properties?.disks ?? [];
  const link = (disks.find(({ boot }) => boot === true) ?? disks[0])?.initializeParams?.sourceImage ?? '';
  const owner = /projects\/([^/]+)\/global\/images\//.exec(link)?.[1] ?? project;
  // Images of other projects may be readable to GCE alone; a family is looked up when the VM is made.
  if (owner !== project || !/\/images\/[^/]+$/.test(link)) return [];
  const image = await orMissing(gce.call('images', 'get', { image: lastSegment(link) }));
  if (image === undefined)
    return [stop(`Template ${template} boots the image ${lastSegment(link)}, which is not there.`)];
  const status = String(image.status ?? 'READY');
  return status === 'READY'
    ? []
    : [stop(`The image ${lastSegment(link)} of template ${template} is ${status}.`)];
}

/** A VM is deleted before its successor is made, so a rollout needs no more than there is; only what is over its quota
 * already could not be made again. */
export async function quotaTroubles(gce: Gce, region: string): Promise<readonly Trouble[]> {
  try {
    const { quotas } = await gce.call('regions', 'get', { region });
    return (quotas ?? []).flatMap(({ metric, usage, limit }): readonly Trouble[] => {
      if (!NEEDED.has(String(metric)) || (usage ?? 0) <= (limit ?? 0)) return [];
      const message = `${region} uses ${usage} of its quota of ${limit} ${String(metric)}: a deleted VM could not be made again.`;
      return [{ kind: 'stop', message }];
    });
  } catch (error) {
    if (!isFleetError(error)) throw error;
    // An endpoint without quotas has none to exceed.
    if (error.code === 'gce-unsupported') return [];
    return [{ kind: 'warn', message: `The quotas of ${region} are not known: ${error.message}` }];
  }
}

const NEEDED: ReadonlySet<string> = new Set([
  'CPUS',
  'E2_CPUS',
  'N2_CPUS',
  'C2_CPUS',
  'INSTANCES',
  'IN_USE_ADDRESSES',
  'STATIC_ADDRESSES',
  'SSD_TOTAL_GB',
  'DISKS_TOTAL_GB',
]);

async function orMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isFleetError(error) && error.code === 'gce-not-found') return undefined;
    throw error;
  }
}

function stop(message: string): Trouble {
  return { kind: 'stop', message };
}
