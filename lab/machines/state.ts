/** Whether a machine runs, as its processes say. */
import { isAlive } from '../host/processes.ts';
import type { LabNames } from '../names.ts';
import type { MachineState } from '../ports.ts';
import { groupsAreEmpty } from './cgroups.ts';
import { readRecord } from './record.ts';

/** A machine whose supervisor was killed may go on without it: then nobody can tell how it is. */
export async function machineState(folder: string, names: LabNames, id: string): Promise<MachineState> {
  const record = await readRecord(folder, id);
  if (record?.supervisor !== undefined && (await isAlive(record.supervisor))) return 'running';
  return (await groupsAreEmpty(`${names.id}/${id}`)) ? 'stopped' : 'unknown';
}
