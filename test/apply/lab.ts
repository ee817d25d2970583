/**
 * A lab whose machines are HTTP servers on loopback addresses, which answer `GET /ping` as RTPEngine does; its endpoint is the real one.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Images, LabNetwork, Machines, RedisServers } from '../../lab/ports.ts';
import { createLabServer } from '../../lab/server.ts';
import { connectGce, type Gce } from '../../lib/gce.ts';
import { connectStorage } from '../../lib/storage.ts';

export const PROJECT = 'lab-project';

export type TestLab = {
  readonly endpoint: string;
  readonly project: string;
  readonly range: string;
  readonly folder: string;
  readonly gce: Gce;
  /** `name id` of every machine that was ever booted, in order. */
  readonly booted: readonly string[];
  /** Machines boot only once this is settled. */
  readonly holdBoots: (until: Promise<unknown>) => void;
  /** Makes an image of this name. */
  readonly addImage: (name: string) => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openLab(): Promise<TestLab> {
  const folder = await mkdtemp(join(tmpdir(), 'rtpfleet-apply-'));
  const prefix = `127.${randomInt(1, 255)}.${randomInt(0, 255)}`;
  const reserved = [`${prefix}.2`];
  const network: LabNetwork = {
    range: `${prefix}.0/24`,
    gateway: `${prefix}.1`,
    reserved,
    deliver: async () => undefined,
  };
  const booted: string[] = [];
  const machines = fakeMachines(booted);
  const server = await createLabServer({
    project: PROJECT,
    folder,
    machines: machines.machines,
    images: fakeImages,
    redis: fakeRedis(`${prefix}.2`),
    network,
    timing: { operationMs: 1, tickMs: 5, graceMs: 10 },
    checkAnswers: true,
  });
  const endpoint = await server.listen(0);
  const gce = await connectGce({ project: PROJECT, endpoint });
  return {
    ...{ endpoint, project: PROJECT, range: network.range, folder, gce, booted },
    holdBoots: machines.hold,
    addImage: (name) => addImage(endpoint, gce, folder, name),
    close: async () => {
      await gce.close();
      await server.close();
      await machines.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Where the fleets of these tests answer HTTP. */
export const HTTP_PORT = 9101;

type FakeMachines = {
  readonly machines: Machines;
  readonly hold: (until: Promise<unknown>) => void;
  readonly close: () => Promise<void>;
};

function fakeMachines(booted: string[]): FakeMachines {
  let gate: Promise<unknown> = Promise.resolve();
  const running = new Map<string, Server>();
  const stop = async (id: string): Promise<void> => {
    const server = running.get(id);
    running.delete(id);
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  };
  const machines: Machines = {
    boot: async ({ id, name, address }) => {
      await gate;
      const server = createServer((request, response) => {
        response.writeHead(request.url === '/ping' ? 200 : 404).end('pong');
      });
      await new Promise<void>((resolve) => server.listen(HTTP_PORT, address, resolve));
      running.set(id, server);
      booted.push(`${name} ${id}`);
    },
    stop,
    destroy: stop,
    state: async (id) => (running.has(id) ? 'running' : 'stopped'),
    console: async () => ({ contents: '', next: 0 }),
  };
  const close = async () => void (await Promise.all([...running.keys()].map(stop)));
  const hold = (until: Promise<unknown>): void => {
    gate = until;
  };
  return { machines, hold, close };
}

const fakeImages: Images = {
  importDisk: async () => ({ diskSizeGb: 2, archiveSizeBytes: 1000 }),
  remove: async () => undefined,
};

const fakeRedis = (host: string): RedisServers => ({
  start: async () => ({ host, port: 6379 }),
  stop: async () => undefined,
});

async function addImage(endpoint: string, gce: Gce, folder: string, name: string): Promise<void> {
  const storage = await connectStorage({ project: PROJECT, endpoint });
  const file = join(folder, 'image.tar.gz');
  await writeFile(file, name);
  await storage.ensureBucket('images', 'us-central1');
  const source = await storage.upload({ bucket: 'images', object: `${name}.tar.gz`, file });
  const features = ['UEFI_COMPATIBLE', 'GVNIC'].map((type) => ({ type }));
  const imageResource = { name, rawDisk: { source }, guestOsFeatures: features };
  await gce.done(await gce.call('images', 'insert', { imageResource }));
}
