/**
 * The lab's endpoint: one loopback HTTP server that speaks the GCE REST API, and the few calls of Cloud Storage and
 * Memorystore that rtpfleet needs, in front of the machinery of `lab/ports.ts`. It starts no process and mounts nothing itself.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Images, LabNetwork, Machines, MetadataSource, RedisServers } from './ports.ts';

export type LabServerOptions = {
  /** Project id that the endpoint answers for; another one is 404. */
  readonly project: string;
  /** The lab's folder, absolute: `state.json` and `objects/` (storage) are kept in it across restarts. */
  readonly folder: string;
  readonly machines: Machines;
  readonly images: Images;
  readonly redis: RedisServers;
  readonly network: LabNetwork;
  /** Names of the zones there are; default: a, b, c of us-central1 and europe-west1. */
  readonly zones?: readonly string[];
  /** How long things take; default: see lab/timing.ts. Tests use short ones. */
  readonly timing?: Partial<LabTiming>;
  readonly clock?: LabClock;
};

/** All in milliseconds. */
export type LabTiming = {
  /** An operation stays PENDING this long before its work begins. */
  readonly operationMs: number;
  /** Pause between two looks of a group's controller, and between two looks at whether machines live. */
  readonly tickMs: number;
  /** Power-off is given this long before the machine is killed (GCE: about 90 s). */
  readonly graceMs: number;
};

/** Time and chance, as arguments. */
export type LabClock = {
  readonly now: () => number;
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

/** Reads the state of an earlier run from `folder`, if there is one. */
export async function createLabServer(_options: LabServerOptions): Promise<LabServer> {
  const server = createServer((_request, response) => {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code: 404, message: 'Not Found' } }));
  });
  return {
    listen: (port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', () =>
          resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
        );
      }),
    metadata: { tree: () => undefined, putGuestAttribute: () => false, onChange: () => () => undefined },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
