/**
 * A fleet without machines: the lab's real endpoint, whose VMs are real RTPEngine processes on loopback addresses. Each
 * behaves as a relay's image does: born cordoned, says how it is, and admits itself unless its metadata says otherwise.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Images, Machines, RedisServers } from '../../lab/ports.ts';
import { createLabServer, type LabServer } from '../../lab/server.ts';
import { connectGce, type Gce } from '../../lib/gce.ts';
import { admitRelay } from '../../lib/relay/cordon.ts';
import { connectStorage } from '../../lib/storage.ts';
import { type RtpengineTree, type RunningRtpengine, startRtpengine } from './rtpengine.ts';

export const PROJECT = 'rtpfleet-test';
const ZONES = ['us-central1-a', 'us-central1-b', 'us-central1-c'];

export type RtpengineFleet = {
  readonly endpoint: string;
  readonly gce: Gce;
  readonly fleetFile: string;
  readonly folder: string;
  /** `name id` of every VM that was booted, in order. */
  readonly booted: readonly string[];
  /** Addresses of the relays, in the order of their zones. */
  readonly addresses: () => Promise<readonly string[]>;
  /** Makes an image and a template of it, and points every group at it. */
  readonly want: (image: string) => Promise<void>;
  /** Images whose relays report bad health. */
  readonly sick: Set<string>;
  readonly close: () => Promise<void>;
};

type Vm = { readonly engine: RunningRtpengine; readonly address: string };

/** Three zones with one relay each on `image`, all of them taking calls. */
export async function openRtpengineFleet(tree: RtpengineTree, image: string): Promise<RtpengineFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'rtpfleet-rollout-'));
  const prefix = `127.${randomInt(211, 255)}.${randomInt(0, 255)}`;
  const booted: string[] = [];
  const sick = new Set<string>();
  const vms = new Map<string, Vm>();
  let server: LabServer | undefined;
  const metadata = () => server?.metadata;
  const machines = rtpengineMachines(tree, vms, booted, sick, metadata);
  server = await createLabServer({
    project: PROJECT,
    folder,
    machines,
    images: noDisks,
    redis: noRedis,
    network: {
      range: `${prefix}.0/24`,
      gateway: `${prefix}.1`,
      reserved: [],
      deliver: async () => undefined,
    },
    timing: { operationMs: 50, tickMs: 50, graceMs: 2_000 },
  });
  const endpoint = await server.listen(0);
  const gce = await connectGce({ project: PROJECT, endpoint });
  const want = (name: string) => wantImage(endpoint, gce, folder, name, sick.has(name));
  await want(image);
  const fleetFile = join(folder, 'fleet.yaml');
  await writeFile(fleetFile, FLEET);
  const addresses = async () => {
    const lists = await Promise.all(ZONES.map((zone) => gce.call('instances', 'list', { zone })));
    return lists.flat().map((instance) => instance.networkInterfaces?.[0]?.networkIP ?? '');
  };
  const close = async () => {
    await gce.close();
    await server.close();
    await Promise.all([...vms.values()].map(({ engine }) => engine.stop()));
    await rm(folder, { recursive: true });
  };
  return { endpoint, gce, fleetFile, folder, booted, addresses, want, sick, close };
}

/** Born cordoned, as the image's rtpengine.conf has it. */
const BORN = ['--max-sessions=0', '--delete-delay=2'];

const FLEET = `name: test
cloud: { project: ${PROJECT}, region: us-central1, zones: [${ZONES.join(', ')}] }
network: { externalAddresses: none }
image: { version: mr12.5.1.31 }
redis: { kind: none }
rtpengine: { ngPort: 2223, cliPort: 2224, deleteDelaySeconds: 2, ports: { min: 30000, max: 40000 } }
rollout: { pollSeconds: 0.25, replaceSeconds: 20, gatePackets: 25 }
`;

function rtpengineMachines(
  tree: RtpengineTree,
  vms: Map<string, Vm>,
  booted: string[],
  sick: ReadonlySet<string>,
  metadata: () => LabServer['metadata'] | undefined,
): Machines {
  const stop = async (id: string): Promise<void> => {
    const vm = vms.get(id);
    vms.delete(id);
    await vm?.engine.stop();
  };
  return {
    boot: async ({ id, name, address }) => {
      const engine = await startRtpengine(tree, { host: address, args: BORN });
      vms.set(id, { engine, address });
      booted.push(`${name} ${id}`);
      const source = metadata();
      const own = source?.tree(address);
      const attributes = JSON.stringify(own ?? {});
      const healthy = ![...sick].some((image) => attributes.includes(image));
      const health = { ok: healthy, checks: [{ name: 'sysctl', ok: healthy, detail: 'rmem_max' }] };
      const version = /rtpfleet-test-version":"([^"]+)/.exec(attributes)?.[1] ?? '';
      source?.putGuestAttribute(address, 'rtpfleet', 'version', version);
      source?.putGuestAttribute(address, 'rtpfleet', 'health', JSON.stringify(health));
      if (attributes.includes('"rtpfleet-admission":"controller"')) return;
      const relay = engine.connect();
      await admitRelay(relay, { maxSessions: -1, deleteDelaySeconds: 'unknown' });
      relay.close();
    },
    stop,
    destroy: stop,
    state: async (id) => (vms.has(id) ? 'running' : 'stopped'),
    console: async () => ({ contents: '', next: 0 }),
  };
}

export const noDisks: Images = {
  importDisk: async () => ({ diskSizeGb: 2, archiveSizeBytes: 1000 }),
  remove: async () => undefined,
};

export const noRedis: RedisServers = {
  start: () => Promise.reject(new Error('this fleet has no Redis')),
  stop: async () => undefined,
};

async function wantImage(
  endpoint: string,
  gce: Gce,
  folder: string,
  image: string,
  sick: boolean,
): Promise<void> {
  await addImage(endpoint, gce, folder, image);
  await addTemplate(gce, image, sick);
  for (const zone of ZONES) {
    const versions = [{ instanceTemplate: `projects/${PROJECT}/global/instanceTemplates/${image}` }];
    const group = { zone, instanceGroupManager: `test-${zone}` };
    const exists = (await gce.call('instanceGroupManagers', 'list', { zone })).length > 0;
    const operation = exists
      ? await gce.call('instanceGroupManagers', 'patch', {
          ...group,
          instanceGroupManagerResource: { versions },
        })
      : await gce.call('instanceGroupManagers', 'insert', {
          zone,
          instanceGroupManagerResource: newGroup(zone, versions),
        });
    await gce.done(operation);
    await stable(gce, group);
  }
}

function newGroup(zone: string, versions: readonly { readonly instanceTemplate: string }[]) {
  return {
    name: `test-${zone}`,
    baseInstanceName: `test-${zone}`,
    targetSize: 1,
    versions: [...versions],
    statefulPolicy: {
      preservedState: { internalIPs: { nic0: { autoDelete: 'ON_PERMANENT_INSTANCE_DELETION' } } },
    },
    updatePolicy: {
      type: 'OPPORTUNISTIC',
      replacementMethod: 'RECREATE',
      minimalAction: 'REPLACE',
      maxSurge: { fixed: 0 },
      maxUnavailable: { fixed: 1 },
    },
  };
}

async function stable(
  gce: Gce,
  group: { readonly zone: string; readonly instanceGroupManager: string },
): Promise<void> {
  for (;;) {
    const { status } = await gce.call('instanceGroupManagers', 'get', group);
    if (status?.isStable === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function addImage(endpoint: string, gce: Gce, folder: string, name: string): Promise<void> {
  const storage = await connectStorage({ project: PROJECT, endpoint });
  const file = join(folder, 'image.tar.gz');
  await writeFile(file, name);
  await storage.ensureBucket('images', 'us-central1');
  const source = await storage.upload({ bucket: 'images', object: `${name}.tar.gz`, file });
  await gce.done(await gce.call('images', 'insert', { imageResource: { name, rawDisk: { source } } }));
}

/** The version that the relays will report is the one in the image's name. */
async function addTemplate(gce: Gce, image: string, sick: boolean): Promise<void> {
  const version = /^rtpengine-mr([\d-]+)-[a-z]/.exec(image)?.[1]?.replaceAll('-', '.');
  const items = [
    { key: 'enable-guest-attributes', value: 'TRUE' },
    { key: 'rtpfleet-admission', value: 'self' },
    { key: 'rtpfleet-test-version', value: `mr${version}` },
    ...(sick ? [{ key: 'rtpfleet-test-image', value: image }] : []),
  ];
  const initializeParams = { sourceImage: `projects/${PROJECT}/global/images/${image}` };
  const properties = {
    machineType: 'e2-standard-4',
    metadata: { items },
    disks: [{ boot: true, autoDelete: true, initializeParams }],
    networkInterfaces: [{ network: 'global/networks/default' }],
  };
  await gce.done(
    await gce.call('instanceTemplates', 'insert', { instanceTemplateResource: { name: image, properties } }),
  );
}
