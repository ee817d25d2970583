/** From what a person types to a machine. */
import { FleetError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { recordedLab } from '../lab-file.ts';
import { type MachineRecord, machineRecords } from './record.ts';

/** Rejects with codes `lab-down`, `unknown-machine`, `ambiguous-machine` (kind `usage`). */
export async function findMachine(folder: string, wanted: string): Promise<MachineRecord> {
  if ((await recordedLab(folder)) === undefined) throw labDown(folder);
  return pickMachine(await machineRecords(folder), wanted);
}

export function labDown(folder: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'lab-down',
    message: `There is no lab in ${folder}.`,
    hint: 'Start it with `pnpm lab up`, or name another folder in RTPFLEET_LAB.',
    facts: { folder },
  });
}

/** By name, `zone/name` or id. Pure. */
export function pickMachine(machines: readonly MachineRecord[], wanted: string): MachineRecord {
  const found = machines.filter(({ spec }) =>
    [spec.name, `${spec.zone}/${spec.name}`, spec.id].includes(wanted),
  );
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  throw first === undefined ? unknownMachine(machines, wanted) : ambiguous(found, wanted);
}

function unknownMachine(machines: readonly MachineRecord[], wanted: string): FleetError {
  const names = machines.map(({ spec }) => spec.name);
  const near = nearest(wanted, names);
  return new FleetError({
    kind: 'usage',
    code: 'unknown-machine',
    message: `The lab has no machine ${wanted}.`,
    hint: near ? `Did you mean ${near}?` : `It has: ${names.join(', ') || 'none'}.`,
  });
}

function ambiguous(found: readonly MachineRecord[], wanted: string): FleetError {
  const full = found.map(({ spec }) => `${spec.zone}/${spec.name}`);
  return new FleetError({
    kind: 'usage',
    code: 'ambiguous-machine',
    message: `${found.length} machines are named ${wanted}.`,
    hint: `Say which: ${full.join(', ')}.`,
  });
}
