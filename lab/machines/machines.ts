/**
 * Machines: systemd-nspawn on an overlay of an imported image. Each outlives the daemon; what it is made of is recorded before it is
 * made, so that any later daemon, or `lab down`, can adopt or remove it.
 */
import { mkdir, rm } from 'node:fs/promises';
import { FleetError } from '../../lib/errors.ts';
import { startDetached } from '../host/detached.ts';
import { mounts } from '../host/mounts.ts';
import { isAlive, type ProcessId, signal, until } from '../host/processes.ts';
import type { ImageStore } from '../images/images.ts';
import { type LabNames, namespaceOf } from '../names.ts';
import type { Network } from '../network.ts';
import type { MachineSpec, Machines } from '../ports.ts';
import { makeGroups } from './cgroups.ts';
import { leaderOf } from './leader.ts';
import { machineCommand, NSPAWN_ENVIRONMENT } from './nspawn.ts';
import { machinePaths, machineRecords, readRecord, writeRecord } from './record.ts';
import { releaseMachine, removeMachine } from './remove.ts';
import { readSerial } from './serial.ts';
import { machineState } from './state.ts';

export type MachineOptions = {
  readonly folder: string;
  readonly names: LabNames;
  readonly network: Network;
  readonly images: Pick<ImageStore, 'root'>;
};

/** How long init may take to appear on a loaded host. */
const BOOT_LIMIT_MS = 30_000;

export function createMachines(options: MachineOptions): Machines {
  const { folder, names, network } = options;
  let published = Promise.resolve();
  // One after the other, so that an older list never replaces a newer one.
  const publish = (): Promise<void> => {
    const next = async (): Promise<void> =>
      network.publish((await machineRecords(folder)).map(({ spec }) => spec));
    published = published.then(next, next);
    return published;
  };
  return {
    boot: async (spec) => {
      if ((await machineState(folder, names, spec.id)) === 'running') return;
      await boot(options, spec);
      await publish();
    },
    stop: (id, graceMs) => stop(options, id, graceMs),
    destroy: async (id) => {
      await removeMachine(folder, names, id);
      await publish();
    },
    state: (id) => machineState(folder, names, id),
    console: (id, start) => readSerial(machinePaths(folder, id).serial, start),
  };
}

/** The disk is kept over boots; everything else is made anew, since the host may have restarted in between. */
async function boot(options: MachineOptions, spec: MachineSpec): Promise<void> {
  const { folder, names } = options;
  const { serial } = machinePaths(folder, spec.id);
  await writeRecord(folder, { spec });
  await releaseMachine(folder, names, spec.id);
  try {
    const command = await prepare(options, spec);
    const supervisor = await startDetached(command, { log: serial, env: NSPAWN_ENVIRONMENT });
    if (supervisor !== undefined) await writeRecord(folder, { spec, supervisor });
    if (supervisor === undefined || !(await initRuns(supervisor))) throw await didNotBoot(spec, serial);
  } catch (error) {
    await releaseMachine(folder, names, spec.id);
    throw error;
  }
}

/** Makes what the machine stands on; the command that starts it. A used work folder of an overlay cannot be used again. */
async function prepare(options: MachineOptions, spec: MachineSpec): Promise<readonly string[]> {
  const { folder, names, network, images } = options;
  const paths = machinePaths(folder, spec.id);
  const namespace = namespaceOf(names, `m${spec.id}`);
  await rm(paths.work, { recursive: true, force: true });
  for (const made of [paths.upper, paths.work, paths.merged]) await mkdir(made, { recursive: true });
  await network.attach(namespace, spec.address);
  const lower = await images.root(spec.imageId);
  const groups = await makeGroups(`${names.id}/${spec.id}`);
  return machineCommand({ spec, names, namespace, paths, lower, groups, unwanted: await foreignMounts() });
}

/** Disks of other machines and images, which a mount namespace made now would otherwise keep busy. */
async function foreignMounts(): Promise<readonly string[]> {
  const found = (await mounts()).filter(
    ({ type, source, point }) => point !== '/' && (type === 'overlay' || source.startsWith('/dev/loop')),
  );
  return found.map(({ point }) => point).toReversed();
}

async function initRuns(supervisor: ProcessId): Promise<boolean> {
  const settled = async (): Promise<boolean> =>
    (await leaderOf(supervisor.pid)) !== undefined || !(await isAlive(supervisor));
  return (await until(settled, BOOT_LIMIT_MS)) && isAlive(supervisor);
}

async function didNotBoot(spec: MachineSpec, serial: string): Promise<FleetError> {
  const { contents } = await readSerial(serial, 0);
  const last = contents.trim().split('\n').slice(-3).join(' | ');
  return new FleetError({
    kind: 'stop',
    code: 'machine-boot',
    message: `Machine ${spec.name} (${spec.id}) of image ${spec.imageId} did not boot: ${last || 'it printed nothing'}`,
    hint: `All that it printed is in ${serial}.`,
    facts: { name: spec.name, id: spec.id, imageId: spec.imageId },
  });
}

/** SIGTERM makes systemd-nspawn ask the machine's init for an orderly power-off (SIGRTMIN+3). */
async function stop({ folder, names }: MachineOptions, id: string, graceMs: number): Promise<void> {
  const supervisor = (await readRecord(folder, id))?.supervisor;
  if (supervisor !== undefined && graceMs > 0) {
    await signal(supervisor, 'SIGTERM');
    await until(async () => !(await isAlive(supervisor)), graceMs);
  }
  await releaseMachine(folder, names, id);
}
