import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { cleanUp } from '../../lab/cleanup.ts';
import { createImages, type ImageStore } from '../../lab/images/images.ts';
import { commandIn } from '../../lab/machines/exec.ts';
import { createMachines } from '../../lab/machines/machines.ts';
import { machineRecords, readRecord } from '../../lab/machines/record.ts';
import { createMetadataServer } from '../../lab/metadata.ts';
import { labNames, rangeCandidates } from '../../lab/names.ts';
import { createNetwork, type Network } from '../../lab/network.ts';
import type { Machines, MetadataSource, MetadataTree, RedisServers } from '../../lab/ports.ts';
import { MARK } from '../../lab/preflight.ts';
import { createRedisServers } from '../../lab/redis.ts';

/** The machinery of a lab in a folder of its own, without the GCE endpoint; metadata is what the test sets. */
export type Machinery = {
  readonly folder: string;
  readonly id: string;
  readonly network: Network;
  readonly images: ImageStore;
  readonly machines: Machines;
  readonly redis: RedisServers;
  readonly setMetadata: (address: string, tree: MetadataTree) => void;
  /** `namespace/key` → value, as machines wrote them. */
  readonly guestAttributes: ReadonlyMap<string, string>;
  /** Ends what a daemon's end would end: the metadata server. */
  readonly close: () => Promise<void>;
};

export function newLabFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'rtpfleet-lab-'));
}

export async function openMachinery(folder: string): Promise<Machinery> {
  const names = labNames(folder);
  const range = rangeCandidates(folder)[0] ?? '';
  await writeFile(join(folder, MARK), '');
  const network = await createNetwork({ folder, names, range, project: 'lab-test' });
  const inUse = async (id: string) => (await machineRecords(folder)).some(({ spec }) => spec.imageId === id);
  const images = createImages({ folder, inUse });
  const source = metadataSource();
  const metadata = createMetadataServer(source);
  metadata.serve(await network.metadataSocket());
  return {
    ...{ folder, id: names.id, network, images },
    machines: createMachines({ folder, names, network, images }),
    redis: createRedisServers({ folder, names, network }),
    setMetadata: source.set,
    guestAttributes: source.written,
    close: metadata.close,
  };
}

function metadataSource(): MetadataSource & {
  readonly set: Machinery['setMetadata'];
  readonly written: Map<string, string>;
} {
  const trees = new Map<string, MetadataTree>();
  const written = new Map<string, string>();
  const waiting = new Set<() => void>();
  return {
    tree: (address) => trees.get(address),
    putGuestAttribute: (_, namespace, key, value) => {
      written.set(`${namespace}/${key}`, value);
      return true;
    },
    onChange: (wake) => {
      waiting.add(wake);
      return () => waiting.delete(wake);
    },
    set: (address, tree) => {
      trees.set(address, tree);
      for (const wake of waiting) wake();
    },
    written,
  };
}

export async function destroyMachinery({ folder, close }: Machinery): Promise<void> {
  await close();
  await cleanUp(folder);
}

export type Said = { readonly exitCode: number; readonly out: string };

/** Runs a command in a machine; standard output and error together. */
export async function inMachine(folder: string, id: string, ...words: readonly string[]): Promise<Said> {
  const record = await readRecord(folder, id);
  if (record === undefined) throw new Error(`no machine ${id}`);
  const [program = '', ...args] = await commandIn(record, words);
  const { exitCode = -1, all } = await execa(program, args, { reject: false, all: true, stdin: 'ignore' });
  return { exitCode, out: all.trim() };
}
