/**
 * The lab's daemon: `node lab/daemon.ts <folder>`, started by `startLab` and detached. It puts the GCE endpoint on top of the machinery
 * of this host. Machines, DHCP and Redis outlive it; the next daemon takes them over.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError, isFleetError, wordError } from '../lib/errors.ts';
import { writeJson } from './host/json-file.ts';
import { identify, type ProcessId } from './host/processes.ts';
import { createImages } from './images/images.ts';
import { type LabFile, writeLab } from './lab-file.ts';
import { enterGroups } from './machines/cgroups.ts';
import { createMachines } from './machines/machines.ts';
import { machineRecords } from './machines/record.ts';
import { createMetadataServer } from './metadata.ts';
import { labNames } from './names.ts';
import { createNetwork } from './network.ts';
import { createRedisServers } from './redis.ts';
import { createLabServer } from './server.ts';
import { type LabSettings, readSettings } from './settings.ts';
import type { DaemonMessage } from './start.ts';

type Running = { readonly lab: LabFile; readonly close: () => Promise<void> };

async function serve(folder: string, settings: LabSettings, daemon: ProcessId): Promise<Running> {
  const names = labNames(folder);
  const { project, range } = settings;
  const network = await createNetwork({ folder, names, range, project });
  const images = createImages({
    folder,
    inUse: async (id) => (await machineRecords(folder)).some(({ spec }) => spec.imageId === id),
  });
  const machines = createMachines({ folder, names, network, images });
  const redis = createRedisServers({ folder, names, network });
  const server = await createLabServer({ project, folder, machines, images, redis, network });
  const metadata = createMetadataServer(server.metadata);
  metadata.serve(await network.metadataSocket());
  const endpoint = await server.listen(settings.port);
  const { gateway } = network;
  const lab: LabFile = {
    ...{ version: 1, folder, id: names.id, project, endpoint, port: settings.port, daemon, range, gateway },
  };
  return { lab, close: async () => void (await Promise.all([server.close(), metadata.close()])) };
}

/** Who started this one may be gone by now, and the lab goes on. */
function tell(message: DaemonMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/** Ends this process in order: what is open is closed and the state is written; machines go on. */
function endOnSignals({ close }: Running): void {
  const leave = async (): Promise<void> => {
    await Promise.race([close(), sleep(8_000)]);
    process.exit(0);
  };
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => void leave());
}

async function main(folder: string): Promise<void> {
  const daemon = await identify(process.pid);
  const settings = await readSettings(folder);
  if (daemon === undefined || settings === undefined)
    throw new FleetError({ kind: 'usage', code: 'lab-down', message: `There is no lab in ${folder}.` });
  await writeJson(join(folder, 'daemon.json'), daemon);
  await enterGroups(`${labNames(folder).id}/daemon`);
  const running = await serve(folder, settings, daemon);
  endOnSignals(running);
  await writeLab(running.lab);
  tell({ kind: 'ready', lab: running.lab });
}

await main(process.argv[2] ?? '').catch((error: unknown) => {
  console.error(wordError(error));
  const known = isFleetError(error)
    ? { errorKind: error.kind, code: error.code, message: error.message, hint: error.hint }
    : undefined;
  tell({ kind: 'failed', error: known });
  process.exitCode = 1;
  process.disconnect?.();
  setTimeout(() => process.exit(1), 200);
});
