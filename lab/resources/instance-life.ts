/**
 * The states of an instance: PROVISIONING → STAGING → RUNNING → STOPPING → TERMINATED, and away. Each step may be carried
 * out twice (after a restart of the lab) and concerns one id: a re-created instance of the same name is another one.
 */
import type { Lab } from '../context.ts';
import { timestamp } from '../context.ts';
import { deliver } from '../forwarding.ts';
import { zoneOf } from '../links.ts';
import { refuse } from '../refusal.ts';
import type { InstanceRecord } from '../state.ts';
import type { Link } from '../types.ts';
import { sweepImages } from './image-disks.ts';

/** The record of this very instance; undefined: it is gone, or another one has its name. */
export function sameInstance(lab: Lab, link: Link, id: string): InstanceRecord | undefined {
  const record = lab.state.tables.instances[link];
  return record && String(record.resource.id) === id ? record : undefined;
}

function setStatus(lab: Lab, record: InstanceRecord, status: string): void {
  record.resource.status = status;
  if (status === 'RUNNING') record.resource.lastStartTimestamp = timestamp(lab);
  if (status === 'TERMINATED') record.resource.lastStopTimestamp = timestamp(lab);
  lab.store.changed();
}

/** Boots it, unless it runs. Fails as an operation on GCE would, and then nothing of it runs. */
export async function startInstance(lab: Lab, link: Link, id: string): Promise<void> {
  const record = sameInstance(lab, link, id);
  if (record === undefined || record.resource.status === 'RUNNING') return;
  const { name = '' } = record.resource;
  const zone = zoneOf(link);
  setStatus(lab, record, 'STAGING');
  const fault = lab.faults.strike(`machine.boot ${zone}/${name}`);
  try {
    if (fault?.delayMs) await lab.clock.sleep(fault.delayMs, lab.closing);
    if (fault?.status || fault?.reason)
      throw refuse(
        500,
        fault.reason ?? 'INTERNAL_ERROR',
        fault.message ?? `Instance '${name}' did not boot.`,
      );
    await boot(lab, record, id, zone);
  } catch (error) {
    await lab.machines.stop(id, 0).catch(() => undefined);
    setStatus(lab, record, 'TERMINATED');
    throw error;
  }
  setStatus(lab, record, 'RUNNING');
  await deliver(lab);
}

/** A machine that a killed lab had begun to boot may run already. */
async function boot(
  lab: Lab,
  { resource, imageId }: InstanceRecord,
  id: string,
  zone: string,
): Promise<void> {
  const address = resource.networkInterfaces?.[0]?.networkIP ?? '';
  if ((await lab.machines.state(id)) === 'running') return;
  await lab.machines.boot({ id, name: resource.name ?? '', zone, address, imageId });
}

/** Orderly power-off. */
export async function stopInstance(lab: Lab, link: Link, id: string): Promise<void> {
  const record = sameInstance(lab, link, id);
  if (record === undefined || record.resource.status === 'TERMINATED') return;
  setStatus(lab, record, 'STOPPING');
  await lab.machines.stop(id, lab.timing.graceMs);
  setStatus(lab, record, 'TERMINATED');
}

/** Hard reset: same disk, same address, no orderly power-off. */
export async function resetInstance(lab: Lab, link: Link, id: string): Promise<void> {
  const record = sameInstance(lab, link, id);
  if (record === undefined) return;
  await lab.machines.stop(id, 0);
  record.resource.status = 'STAGING';
  await startInstance(lab, link, id);
}

/** Orderly power-off, then the disk goes too. */
export async function deleteInstance(lab: Lab, link: Link, id: string): Promise<void> {
  const record = sameInstance(lab, link, id);
  if (record === undefined) return;
  setStatus(lab, record, 'STOPPING');
  await lab.machines.stop(id, lab.timing.graceMs);
  await lab.machines.destroy(id);
  delete lab.state.tables.instances[link];
  lab.store.changed();
  await deliver(lab);
  await sweepImages(lab);
}
