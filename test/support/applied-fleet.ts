/**
 * What the Pulumi program makes, with real RTPEngine: the lab's real endpoint, `lab apply`, and VMs that are RTPEngine processes on
 * loopback addresses, which answer HTTP as the health check asks it.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Applied, applyToLab } from '../../lab/apply.ts';
import type { Machines } from '../../lab/ports.ts';
import { createLabServer, type LabServer } from '../../lab/server.ts';
import { connectGce } from '../../lib/gce.ts';
import { admitRelay } from '../../lib/relay/cordon.ts';
import { openRelay, type Relay } from '../../lib/relay/relay.ts';
import { type RtpengineTree, type RunningRtpengine, startRtpengine } from './rtpengine.ts';
import { addImage, noDisks, noRedis, PROJECT } from './rtpengine-fleet.ts';

const ZONES = ['us-central1-a', 'us-central1-b', 'us-central1-c'];

export const FLEET = {
  name: 'test',
  cloud: { project: PROJECT, region: 'us-central1', zones: ZONES },
  network: { externalAddresses: 'none' },
  relays: { healSeconds: 10 },
  image: { version: 'mr12.5.1.31' },
  redis: { kind: 'none' },
  rollout: { pollSeconds: 0.25, replaceSeconds: 60, gatePackets: 25 },
  rtpengine: { ngPort: 2223, cliPort: 2224, httpPort: 9101, ports: { min: 20000, max: 39999 } },
};

export type AppliedFleet = {
  readonly endpoint: string;
  readonly folder: string;
  readonly fleetFile: string;
  /** First three bytes of every address; .2 to .9 are free for others. */
  readonly prefix: string;
  /** `name id` of every VM that was booted, in order. */
  readonly booted: readonly string[];
  readonly apply: (image: string) => Promise<Applied>;
  /** A connection to the relay at this address. */
  readonly connect: (address: string) => Relay;
  /** RTPEngine of the VM at this address dies; the VM runs on. */
  readonly kill: (address: string) => void;
  readonly close: () => Promise<void>;
};

export async function openAppliedFleet(
  tree: RtpengineTree,
  images: readonly string[],
): Promise<AppliedFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'rtpfleet-applied-'));
  const prefix = `127.${randomInt(100, 200)}.${randomInt(0, 255)}`;
  const booted: string[] = [];
  const running = new Map<string, RunningRtpengine>();
  let server: LabServer | undefined;
  server = await createLabServer({
    ...{ project: PROJECT, folder, images: noDisks, redis: noRedis },
    machines: machinesOf(tree, running, booted, () => server?.metadata),
    network: {
      range: `${prefix}.0/24`,
      gateway: `${prefix}.1`,
      deliver: async () => undefined,
      reserved: Array.from({ length: 8 }, (_, index) => `${prefix}.${index + 2}`),
    },
    timing: { operationMs: 20, tickMs: 50, graceMs: 2_000 },
  });
  const endpoint = await server.listen(0);
  const gce = await connectGce({ project: PROJECT, endpoint });
  for (const image of images) await addImage(endpoint, gce, folder, image);
  const fleetFile = join(folder, 'fleet.yaml');
  await writeFile(fleetFile, stringify(FLEET));
  const lab = { endpoint, project: PROJECT, range: `${prefix}.0/24` };
  return {
    ...{ endpoint, folder, fleetFile, prefix, booted },
    apply: (image) => applyToLab({ fleetFile, image, lab, stableWithinMs: 120_000 }),
    connect: (host) => openRelay({ name: host, host, ngPort: 2223, ngTcpPort: 2223, cliPort: 2224 }),
    kill: (address) => [...running.values()].find(({ place }) => place.host === address)?.kill(),
    close: async () => {
      await gce.close();
      await server.close();
      await Promise.all([...running.values()].map((engine) => engine.stop()));
      await rm(folder, { recursive: true });
    },
  };
}

/** VMs that boot as the image does: born cordoned, they say how they are, and admit themselves unless a rollout will. */
function machinesOf(
  tree: RtpengineTree,
  running: Map<string, RunningRtpengine>,
  booted: string[],
  metadata: () => LabServer['metadata'] | undefined,
): Machines {
  const stop = async (id: string): Promise<void> => {
    const engine = running.get(id);
    running.delete(id);
    await engine?.stop();
  };
  return {
    boot: async ({ id, name, address }) => {
      const args = [`--listen-http=${address}:9101`, '--max-sessions=0', '--delete-delay=2'];
      const engine = await startRtpengine(tree, { host: address, args });
      running.set(id, engine);
      booted.push(`${name} ${id}`);
      const attributes = JSON.stringify(metadata()?.tree(address) ?? {});
      const image = /rtpengine-mr([\d-]+)-debian/.exec(attributes)?.[1];
      metadata()?.putGuestAttribute(address, 'rtpfleet', 'version', `mr${image?.replaceAll('-', '.')}`);
      metadata()?.putGuestAttribute(address, 'rtpfleet', 'health', JSON.stringify({ ok: true, checks: [] }));
      if (attributes.includes('"rtpfleet-admission":"controller"')) return;
      const relay = engine.connect();
      await admitRelay(relay, { maxSessions: -1, deleteDelaySeconds: 'unknown' });
      relay.close();
    },
    stop,
    destroy: stop,
    state: async (id) => (running.has(id) ? 'running' : 'stopped'),
    console: async () => ({ contents: '', next: 0 }),
  };
}
