/** What there is of a lab, as its files and this host say; the daemon is not asked. */
import { isAlive } from './host/processes.ts';
import { isRunning, type LabFile, recordedLab } from './lab-file.ts';
import { machineRecords } from './machines/record.ts';
import type { MachineSpec } from './ports.ts';

export type LabStatus = {
  readonly folder: string;
  /** `down`: never started or taken down; `stopped`: the daemon ended, `lab up` resumes it. */
  readonly state: 'up' | 'stopped' | 'down';
  readonly lab?: LabFile;
  readonly machines: readonly MachineStatus[];
};

export type MachineStatus = MachineSpec & { readonly state: 'running' | 'stopped' };

export async function labStatus(folder: string): Promise<LabStatus> {
  const lab = await recordedLab(folder);
  if (lab === undefined) return { folder, state: 'down', machines: [] };
  const machines = (await machineRecords(folder)).map(
    async ({ spec, supervisor }): Promise<MachineStatus> => {
      const running = supervisor !== undefined && (await isAlive(supervisor));
      return { ...spec, state: running ? 'running' : 'stopped' };
    },
  );
  const state = (await isRunning(lab)) ? 'up' : 'stopped';
  const sorted = (await Promise.all(machines)).toSorted((a, b) => a.name.localeCompare(b.name));
  return { folder, state, lab, machines: sorted };
}
