/** A lab for the tests of one file: images are built for it, and shell commands run in machines of them. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { LabFile } from '../../lab/lab-file.ts';
import { startLab } from '../../lab/start.ts';
import { connectGce, type Gce } from '../../lib/gce.ts';

const ROOT = join(import.meta.dirname, '../..');
const TRIES = 240;
const PAUSE_MS = 250;
export const ZONE = 'us-central1-a';

export type ImageLab = {
  readonly lab: LabFile;
  readonly gce: Gce;
  /** What `image:build --json` with these words says. */
  readonly build: (...words: readonly string[]) => ReturnType<typeof JSON.parse>;
  /** @returns the machine's address, as soon as GCE has it */
  readonly start: (
    name: string,
    image: string,
    metadata?: Readonly<Record<string, string>>,
  ) => Promise<string>;
  /** Runs a shell command in a machine. @returns what it printed, whatever its exit code */
  readonly inMachine: (name: string, command: string) => Promise<string>;
  /** The lab itself is for `cleanUp`. */
  readonly close: () => Promise<void>;
};

/** @param folder the lab's own, empty */
export async function openImageLab(folder: string): Promise<ImageLab> {
  const { lab } = await startLab({ folder });
  const gce = await connectGce({ project: lab.project, endpoint: lab.endpoint });
  const program = (words: readonly string[], reject: boolean) =>
    execa(process.execPath, words, { cwd: ROOT, env: { RTPFLEET_LAB: folder }, reject });
  return {
    lab,
    gce,
    build: async (...words) =>
      JSON.parse((await program(['image-builder/cli.ts', 'build', '--json', ...words], true)).stdout),
    start: async (name, image, metadata = {}) => {
      const instanceResource = machineOf(name, image, metadata);
      await gce.done(await gce.call('instances', 'insert', { zone: ZONE, instanceResource }));
      const { networkInterfaces } = await gce.call('instances', 'get', { zone: ZONE, instance: name });
      return networkInterfaces?.[0]?.networkIP ?? '';
    },
    inMachine: async (name, command) =>
      (await program(['lab/cli.ts', 'exec', name, 'sh', '-c', command], false)).stdout,
    close: gce.close,
  };
}

function machineOf(name: string, image: string, metadata: Readonly<Record<string, string>>) {
  return {
    name,
    machineType: `zones/${ZONE}/machineTypes/e2-small`,
    disks: [{ boot: true, autoDelete: true, initializeParams: { sourceImage: `global/images/${image}` } }],
    networkInterfaces: [{ network: 'global/networks/default' }],
    metadata: { items: Object.entries(metadata).map(([key, value]) => ({ key, value })) },
  };
}

/** @throws Error when it is not true within a minute */
export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (await condition()) return;
    await sleep(PAUSE_MS);
  }
  throw new Error('it never came true');
}
