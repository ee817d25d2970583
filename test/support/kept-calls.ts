/** A fleet of one relay that keeps its calls in a Redis with a password, applied to a lab, and who knows the password. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { stringify } from 'yaml';
import { applyToLab } from '../../lab/apply.ts';
import type { LabFile } from '../../lab/lab-file.ts';
import { readSecret } from '../../lib/secrets.ts';

type Outputs = {
  readonly relays: readonly [{ readonly name: string; readonly address: string }];
  readonly redis: { readonly host: string; readonly port: number; readonly secret: string };
};

export type KeptCalls = {
  readonly name: string;
  readonly address: string;
  readonly outputs: object;
  readonly password: string;
  /** Names of all that is kept in the relays' database; with the password, or without. */
  readonly keys: (password: string | undefined) => Promise<readonly string[]>;
  /** Files of the lab, from its folder, that hold the password. */
  readonly filesWithPassword: () => readonly string[];
};

/** The database of call state (configs/schemas/fleet.schema.json: `redis.database`). */
const DATABASE = 5;

export async function applyKeptCalls(lab: LabFile, zone: string, image: string): Promise<KeptCalls> {
  const fleetFile = join(lab.folder, 'kept.yaml');
  const cloud = { project: lab.project, region: zone.slice(0, -2), zones: [zone] };
  const redis = { tier: 'BASIC', auth: true };
  writeFileSync(fleetFile, stringify({ name: 'kept', cloud, redis, image: { version: 'mr12.5.1.31' } }));
  const { outputs } = await applyToLab({ fleetFile, image, lab });
  const { relays, redis: place } = outputs as Outputs;
  const url = `https://secretmanager.googleapis.com/v1/${place.secret}:access`;
  const password = await readSecret(url, { project: lab.project, endpoint: lab.endpoint });
  return {
    ...{ outputs, password, ...relays[0] },
    keys: (given) => keysOf(place, given),
    filesWithPassword: () => filesWith(lab.folder, password),
  };
}

async function keysOf({ host, port }: Outputs['redis'], password: string | undefined): Promise<string[]> {
  const client = createClient({
    socket: { host, port, reconnectStrategy: false },
    database: DATABASE,
    ...(password === undefined ? {} : { password }),
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.keys('*');
  } finally {
    client.destroy();
  }
}

function filesWith(folder: string, text: string): readonly string[] {
  // The images are older than the password, and large.
  const args = ['-rlsF', '--exclude-dir=images', '--exclude-dir=objects', '--', text, '.'];
  const { stdout } = spawnSync('grep', args, { cwd: folder, encoding: 'utf8' });
  return stdout.trimEnd().split('\n').sort();
}
