/**
 * The lab's endpoint: one loopback HTTP server that speaks the GCE REST API, and the few calls of Cloud Storage and
 * Memorystore that rtpfleet needs, in front of the machinery of `lab/ports.ts`. It starts no process and mounts nothing itself.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FleetError } from '../lib/errors.ts';
import type { Lab } from './context.ts';
import { timestamp } from './context.ts';
import { createFaults } from './faults.ts';
import { deliver } from './forwarding.ts';
import { createController, revive } from './groups/controller.ts';
import { createFront } from './http/front.ts';
import { machineApi } from './machine-api.ts';
import { resumeRedis } from './memorystore.ts';
import { createOperations } from './operations.ts';
import type { Images, LabNetwork, Machines, MetadataSource, RedisServers } from './ports.ts';
import { resumeRedisMachines } from './redis-machines.ts';
import { regionsOf } from './resources/call.ts';
import { defaultNetwork } from './resources/default-network.ts';
import { guestAttributesEnabled, instanceAt, metadataTree } from './resources/metadata-tree.ts';
import type { Store } from './state.ts';
import { openStore } from './state.ts';
import { objectsFolder } from './storage/objects.ts';
import { createTokens } from './tokens.ts';
import { perform } from './work.ts';

export type LabServerOptions = {
  /** Project id that the endpoint answers for; another one is 404. */
  readonly project: string;
  /** The lab's folder, absolute: `state.json` and `objects/` (storage) are kept in it across restarts. */
  readonly folder: string;
  readonly machines: Machines;
  readonly images: Images;
  readonly redis: RedisServers;
  readonly network: LabNetwork;
  /** Names of the zones there are; default: a, b, c, f of us-central1 and b, c, d of europe-west1, as on GCE. */
  readonly zones?: readonly string[];
  readonly timing?: Partial<LabTiming>;
  readonly clock?: LabClock;
  /** Answers that break Google's contract become errors; for tests. */
  readonly checkAnswers?: boolean;
  /** Told of errors that are bugs of the lab; default: standard error. */
  readonly report?: (error: unknown) => void;
};

/** All in milliseconds. */
export type LabTiming = {
  /** An operation stays PENDING this long before its work begins. */
  readonly operationMs: number;
  /** Pause between two looks of the groups' controllers at machines and health. */
  readonly tickMs: number;
  /** Power-off is given this long before the machine is killed (GCE: about 90 s). */
  readonly graceMs: number;
};

/** Time and chance, as arguments. */
export type LabClock = {
  readonly now: () => number;
  /** Rejects when the signal is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
};

export type LabServer = {
  /** Listens on 127.0.0.1 (port 0: any free one), takes up what was under way, resolves with e.g. `http://127.0.0.1:8911`.
   * Rejects with code `port-taken`. */
  readonly listen: (port: number) => Promise<string>;
  /** What the metadata server answers. Keys are those of the paths (`network-interfaces`); lists are arrays. */
  readonly metadata: MetadataSource;
  /** Stops answering and writes the state; machines are left as they are. */
  readonly close: () => Promise<void>;
};

export const TIMING: LabTiming = { operationMs: 100, tickMs: 250, graceMs: 90_000 };

const ZONES: readonly string[] = [
  ...['a', 'b', 'c', 'f'].map((letter) => `us-central1-${letter}`),
  ...['b', 'c', 'd'].map((letter) => `europe-west1-${letter}`),
];

const wallClock: LabClock = {
  now: Date.now,
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
  random: Math.random,
};

type Listeners = Set<() => void>;

/** Reads the state of an earlier run from `folder`, if there is one. Rejects with code `lab-state` when it is of another project. */
export async function createLabServer(options: LabServerOptions): Promise<LabServer> {
  const store = await openStore(join(options.folder, 'state.json'), options.project);
  const closing = new AbortController();
  const listeners: Listeners = new Set();
  const lab = createLab(options, store, closing.signal, () => {
    for (const listener of listeners) listener();
  });
  defaultNetwork(lab, regionsOf(lab), timestamp(lab));
  await sweepObjects(lab);
  const report = options.report ?? ((error) => console.error(error));
  const front = createFront(lab, options.checkAnswers ?? false, report);
  const server = createServer((request, response) => void front(request, response).catch(report));
  server.requestTimeout = 0; // archives take as long as they take
  let running = Promise.resolve();
  return {
    listen: async (port) => {
      const url = await listenOn(server, port);
      await resume(lab);
      running = lab.controller.run().catch(report);
      return url;
    },
    metadata: metadataSource(lab, listeners),
    close: async () => {
      closing.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await running;
      await store.close();
    },
  };
}

function createLab(
  options: LabServerOptions,
  store: Store,
  closing: AbortSignal,
  wakeMetadata: () => void,
): Lab {
  const { project, folder, machines, images, redis, network } = options;
  const parts = { project, folder, machines, images, redis, network, store, closing, wakeMetadata };
  const lab: Lab = {
    ...parts,
    zones: options.zones ?? ZONES,
    timing: { ...TIMING, ...options.timing },
    clock: options.clock ?? wallClock,
    state: store.state,
    faults: createFaults(),
    tokens: createTokens((options.clock ?? wallClock).now),
    operations: createOperations(
      () => lab,
      (work) => perform(lab, work),
    ),
    get controller() {
      return controller;
    },
  };
  const controller = createController(lab);
  return lab;
}

/** What a killed lab left under way goes on: first what runs, then what was being done with it. */
async function resume(lab: Lab): Promise<void> {
  await revive(lab);
  await deliver(lab);
  await resumeRedis(lab);
  await resumeRedisMachines(lab);
  lab.operations.resume();
}

/** Bytes of uploads that were never finished. */
async function sweepObjects(lab: Lab): Promise<void> {
  const folder = objectsFolder(lab);
  await mkdir(folder, { recursive: true });
  const kept = new Set(Object.values(lab.state.objects).map(({ file }) => file));
  const stray = (await readdir(folder)).filter((file) => !kept.has(file));
  await Promise.all(stray.map((file) => rm(join(folder, file), { force: true })));
}

function listenOn(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(port, cause)));
    server.listen(port, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
  });
}

function listenError(port: number, cause: NodeJS.ErrnoException): Error {
  if (cause.code !== 'EADDRINUSE') return cause;
  return new FleetError({
    kind: 'usage',
    code: 'port-taken',
    message: `Port ${port} of 127.0.0.1 is taken by another program.`,
    hint: 'Stop it, or give the lab another port.',
    facts: { port },
    cause,
  });
}

function metadataSource(lab: Lab, listeners: Listeners): MetadataSource {
  return {
    tree: (address) => {
      const record = instanceAt(lab, address);
      return record && metadataTree(lab, record);
    },
    putGuestAttribute: (address, namespace, key, value) => {
      const record = instanceAt(lab, address);
      if (record === undefined || !guestAttributesEnabled(lab, record)) return false;
      record.guestAttributes[`${namespace}/${key}`] = value;
      lab.store.changed();
      return true;
    },
    token: (address, account) => {
      const { serviceAccounts = [] } = instanceAt(lab, address)?.resource ?? {};
      const known = serviceAccounts?.find(
        ({ email }, index) => email === account || (index === 0 && account === 'default'),
      );
      return known && lab.tokens.issue({ email: known.email ?? '', scopes: known.scopes ?? [] });
    },
    api: (method, path, authorization) => machineApi(lab, method, path, authorization),
    onChange: (wake) => {
      listeners.add(wake);
      return () => listeners.delete(wake);
    },
  };
}
