/** A fleet of relays with floating addresses, applied to a lab: what is where, and what is kept in its Redis. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { stringify } from 'yaml';
import { copiesDatabase, seatsOf, watchedDatabase } from '../../configs/floating.ts';
import { loadFleet } from '../../configs/load.ts';
import { applyToLab } from '../../lab/apply.ts';
import type { LabFile } from '../../lab/lab-file.ts';
import type { Gce } from '../../lib/gce.ts';
import { readSecret } from '../../lib/secrets.ts';

const NAME = 'moves';

type Outputs = {
  readonly relays: readonly { readonly name: string; readonly floating: string }[];
  readonly redis: { readonly host: string; readonly port: number; readonly secret: string };
};

export type FloatingFleet = {
  readonly fleetFile: string;
  readonly floating: readonly string[];
  /** Another template of the same image, with a boot disk of this size. */
  readonly want: (diskGb: number) => Promise<void>;
  /** `relay: template` of each, sorted by relay. */
  readonly templates: () => Promise<readonly string[]>;
  /** The template that the group wants. */
  readonly wanted: () => Promise<string>;
  /** `address: relay that has it`, and `address: its own relay`, sorted. */
  readonly places: () => Promise<{ readonly now: readonly string[]; readonly home: readonly string[] }>;
  /** Keys of the database for copies and of the one that stays empty. */
  readonly leftKeys: () => Promise<readonly string[]>;
  /** Keys of each relay's own database. */
  readonly keptCalls: () => Promise<readonly number[]>;
};

/** @param image built and published; its relays are all of one zone */
export async function applyFloatingFleet(
  { lab, gce, zone, image }: { lab: LabFile; gce: Gce; zone: string; image: string },
  relays: number,
): Promise<FloatingFleet> {
  const fleetFile = join(lab.folder, 'moves.yaml');
  const region = zone.slice(0, -2);
  const group = { zone, instanceGroupManager: `${NAME}-${zone}` };
  const want = async (diskGb: number): Promise<Outputs> => {
    writeFileSync(fleetFile, stringify(fleetOf(lab, zone, { perZone: relays, diskGb, healSeconds: 60 })));
    return (await applyToLab({ fleetFile, image, lab })).outputs as Outputs;
  };
  const outputs = await want(10);
  const fleet = loadFleet(fleetFile);
  const keysIn = await keysOf(lab, outputs);
  return {
    fleetFile,
    floating: outputs.relays.map(({ floating }) => floating),
    want: async (diskGb) => void (await want(diskGb)),
    templates: async () => {
      const managed = await gce.call('instanceGroupManagers', 'listManagedInstances', group);
      return managed
        .map(({ instance, version }) => `${last(instance)}: ${last(version?.instanceTemplate)}`)
        .sort();
    },
    wanted: async () => {
      const { versions } = await gce.call('instanceGroupManagers', 'get', group);
      return last(versions?.[0]?.instanceTemplate);
    },
    places: async () => {
      const rules = await gce.call('forwardingRules', 'list', { region });
      const now = rules.map(({ IPAddress, target }) => `${IPAddress}: ${last(target)}`);
      const home = outputs.relays.map(({ name, floating }) => `${floating}: ${name}`);
      return { now: now.sort(), home: home.sort() };
    },
    leftKeys: async () =>
      (await Promise.all([watchedDatabase(fleet), copiesDatabase(fleet)].map(keysIn))).flat(),
    keptCalls: async () =>
      Promise.all(seatsOf(fleet).map(async ({ database }) => (await keysIn(database)).length)),
  };
}

function fleetOf({ project }: LabFile, zone: string, relays: object): object {
  return {
    name: NAME,
    cloud: { project, region: zone.slice(0, -2), zones: [zone] },
    network: { externalAddresses: 'none', floatingAddresses: 'internal' },
    relays,
    image: { version: 'mr12.5.1.31', base: 'debian-13' },
    rtpengine: { threads: 2, deleteDelaySeconds: 2 },
    redis: { tier: 'BASIC', auth: true, controlDatabase: 0 },
    rollout: { pollSeconds: 0.5, drainSeconds: 600, replaceSeconds: 240, gatePackets: 25 },
  };
}

async function keysOf({ project, endpoint }: LabFile, { redis }: Outputs) {
  const url = `https://secretmanager.googleapis.com/v1/${redis.secret}:access`;
  const password = await readSecret(url, { project, endpoint });
  return async (database: number): Promise<readonly string[]> => {
    const socket = { host: redis.host, port: redis.port, reconnectStrategy: false as const };
    const client = createClient({ socket, database, password });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.keys('*');
    } finally {
      client.destroy();
    }
  };
}

function last(link: string | null | undefined): string {
  return link?.split('/').at(-1) ?? '';
}
