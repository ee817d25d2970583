/** What the lab remembers of a machine, beside its disk: enough to find, stop and remove it after any crash. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, writeJson } from '../host/json-file.ts';
import type { ProcessId } from '../host/processes.ts';
import type { MachineSpec } from '../ports.ts';

export type MachineRecord = {
  readonly spec: MachineSpec;
  /** systemd-nspawn of the last boot; absent: it was never started. */
  readonly supervisor?: ProcessId;
};

/** Files of one machine, in `.lab/machines/<id>/`. */
export type MachinePaths = {
  readonly folder: string;
  readonly record: string;
  readonly serial: string;
  readonly upper: string;
  readonly work: string;
  readonly merged: string;
};

export function machinePaths(lab: string, id: string): MachinePaths {
  const folder = join(lab, 'machines', id);
  const inside = (name: string): string => join(folder, name);
  return {
    folder,
    record: inside('machine.json'),
    serial: inside('serial.log'),
    upper: inside('upper'),
    work: inside('work'),
    merged: inside('merged'),
  };
}

export async function readRecord(lab: string, id: string): Promise<MachineRecord | undefined> {
  return (await readJson(machinePaths(lab, id).record)) as MachineRecord | undefined;
}

export function writeRecord(lab: string, record: MachineRecord): Promise<void> {
  return writeJson(machinePaths(lab, record.spec.id).record, record);
}

/** Ids of all machines that have a folder, also of those whose record was never written. */
export function machineIds(lab: string): Promise<readonly string[]> {
  return readdir(join(lab, 'machines')).catch(() => []);
}

export async function machineRecords(lab: string): Promise<readonly MachineRecord[]> {
  const records = await Promise.all((await machineIds(lab)).map((id) => readRecord(lab, id)));
  return records.filter((record) => record !== undefined);
}
