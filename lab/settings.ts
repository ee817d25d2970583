/** What is chosen when a lab is first started, and kept for as long as it exists: its machines know it. */
import { join } from 'node:path';
import { FleetError } from '../lib/errors.ts';
import { readJson, writeJson } from './host/json-file.ts';

export type LabSettings = {
  readonly project: string;
  /** Port of the endpoint on 127.0.0.1. */
  readonly port: number;
  /** Address range of the machines, `10.x.y.0/24`. */
  readonly range: string;
};

export const DEFAULT_PROJECT = 'rtpfleet-lab';

const path = (folder: string): string => join(folder, 'settings.json');

/** undefined: no lab was ever started in this folder. */
export async function readSettings(folder: string): Promise<LabSettings | undefined> {
  return (await readJson(path(folder))) as LabSettings | undefined;
}

export function writeSettings(folder: string, settings: LabSettings): Promise<void> {
  return writeJson(path(folder), settings);
}

/** Throws code `lab-settings` when a lab that exists is asked to be another one. Pure. */
export function refuseOthers(
  folder: string,
  kept: LabSettings,
  wanted: { readonly [key in keyof LabSettings]?: LabSettings[key] | undefined },
): void {
  for (const key of ['project', 'port', 'range'] as const)
    if (wanted[key] !== undefined && wanted[key] !== kept[key])
      throw new FleetError({
        kind: 'usage',
        code: 'lab-settings',
        message: `The lab in ${folder} has ${key} ${kept[key]}, not ${wanted[key]}.`,
        hint: 'Take it down with `pnpm lab down` first, or put another lab in another folder with RTPFLEET_LAB.',
        facts: { folder, key },
      });
}
