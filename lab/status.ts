/** What there is of a lab, as its files and this host say; the daemon is not asked. */
import { isRunning, type LabFile, recordedLab } from './lab-file.ts';
import { machineRecords } from './machines/record.ts';
import { machineState } from './machines/state.ts';
import { namesOf } from './names.ts';
import type { MachineSpec, MachineState } from './ports.ts';

export type LabStatus = {
  readonly folder: string;
  /** `down`: never started or taken down; `stopped`: the daemon ended, `lab up` resumes it. */
  readonly state: 'up' | 'stopped' | 'down';
  readonly lab?: LabFile;
  readonly machines: readonly MachineStatus[];
};

export type MachineStatus = MachineSpec & { readonly state: MachineState };

export async function labStatus(folder: string): Promise<LabStatus> {
  const lab = await recordedLab(folder);
  if (lab === undefined) return { folder, state: 'down', machines: [] };
  const names = namesOf(lab.id);
  const machines = (await machineRecords(folder)).map(
    async ({ spec }): Promise<MachineStatus> => ({
      ...spec,
      state: await machineState(folder, names, spec.id),
    }),
  );
  const state = (await isRunning(lab)) ? 'up' : 'stopped';
  const sorted = (await Promise.all(machines)).toSorted((a, b) => a.name.localeCompare(b.name));
  return { folder, state, lab, machines: sorted };
}
