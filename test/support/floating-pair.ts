/** Two relays of one zone with floating addresses in a lab, made through its API as `pulumi up` makes them, and a Redis on this host for their calls. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type RedisClientType } from 'redis';
import { METADATA } from '../../configs/naming.ts';
import type { LabFile } from '../../lab/lab-file.ts';
import type { Gce } from '../../lib/gce.ts';
import { freePort } from './free-port.ts';

export const SEATS = ['seat-0', 'seat-1'] as const;
export type SeatName = (typeof SEATS)[number];

/** Numbers of databases: one that stays empty, one for copies of calls that move, one for each relay. */
export const DATABASES = { watched: 1, through: 2, 'seat-0': 3, 'seat-1': 4 } as const;

export type FloatingPair = {
  /** Floating address of each. */
  readonly floating: Readonly<Record<SeatName, string>>;
  /** Metadata that makes an instance this relay. */
  readonly metadataOf: (seat: SeatName) => Readonly<Record<string, string>>;
  /** Target instance and forwarding rule of a relay whose instance is there. */
  readonly deliver: (seat: SeatName) => Promise<void>;
  readonly redisPlace: string;
  /** Calls that are kept in a database. */
  readonly kept: (database: keyof typeof DATABASES) => Promise<number>;
  /** A program `ADDRESS TO FROM` that sets the target of the address's rule, and waits until it is so. */
  readonly writeMover: (hosts: Readonly<Record<SeatName, string>>) => string;
  readonly close: () => Promise<void>;
};

export async function openFloatingPair(lab: LabFile, gce: Gce, zone: string): Promise<FloatingPair> {
  const region = zone.slice(0, -2);
  const floating = { 'seat-0': '', 'seat-1': '' };
  for (const name of SEATS) {
    const addressResource = { name, addressType: 'INTERNAL' };
    await gce.done(await gce.call('addresses', 'insert', { region, addressResource }));
    floating[name] = (await gce.call('addresses', 'get', { region, address: name })).address ?? '';
  }
  const redis = await startRedis(lab.gateway);
  return {
    floating,
    redisPlace: redis.place,
    kept: redis.kept,
    close: redis.close,
    metadataOf: (seat) => ({
      [METADATA.home]: floating[seat],
      [METADATA.floating]: SEATS.map((name) => floating[name]).join(','),
      [METADATA.watched]: String(DATABASES.watched),
      [METADATA.redis]: `${redis.place}/${DATABASES[seat]}`,
    }),
    deliver: async (name) => {
      const instance = `zones/${zone}/instances/${name}`;
      await made(lab, `zones/${zone}/targetInstances`, { name, instance });
      const target = `zones/${zone}/targetInstances/${name}`;
      const common = { loadBalancingScheme: 'INTERNAL', IPProtocol: 'UDP', allPorts: true };
      await made(lab, `regions/${region}/forwardingRules`, {
        name,
        ...common,
        IPAddress: floating[name],
        target,
      });
    },
    writeMover: (hosts) => writeMover(lab, zone, floating, hosts),
  };
}

/** Makes a resource of a collection, and waits for it. */
async function made({ endpoint, project }: LabFile, collection: string, resource: object): Promise<void> {
  const root = `${endpoint}/compute/v1/projects/${project}`;
  const method = 'POST';
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${root}/${collection}`, { method, headers, body: JSON.stringify(resource) });
  const { name, error } = (await answer.json()) as { readonly name?: string; readonly error?: object };
  if (error !== undefined) throw new Error(`${collection}: ${JSON.stringify(error)}`);
  const place = collection.split('/').slice(0, 2).join('/');
  await (await fetch(`${root}/${place}/operations/${name}/wait`, { method })).text();
}

async function startRedis(host: string) {
  const port = await freePort(host);
  const options = ['--protected-mode', 'no', '--save', '', '--notify-keyspace-events', 'KEA'];
  const server: ChildProcess = spawn('redis-server', ['--port', String(port), '--bind', host, ...options], {
    stdio: 'ignore',
  });
  const clients: RedisClientType[] = [];
  const close = async (): Promise<void> => {
    for (const client of clients) client.destroy();
    server.kill('SIGKILL');
  };
  try {
    const place = `${host}:${port}`;
    const open = async (database: number): Promise<RedisClientType> => {
      const client: RedisClientType = createClient({ url: `redis://${place}/${database}` });
      client.on('error', () => undefined);
      clients.push(client);
      return client.connect();
    };
    const byName = new Map<keyof typeof DATABASES, RedisClientType>();
    for (const [name, database] of Object.entries(DATABASES))
      byName.set(name as keyof typeof DATABASES, await open(database));
    return {
      place,
      close,
      kept: async (name: keyof typeof DATABASES) => (await byName.get(name)?.dbSize()) ?? -1,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function writeMover(
  { endpoint, project, folder }: LabFile,
  zone: string,
  floating: FloatingPair['floating'],
  hosts: Readonly<Record<SeatName, string>>,
): string {
  const file = join(folder, 'move-address');
  const at = `${endpoint}/compute/v1/projects/${project}/regions/${zone.slice(0, -2)}`;
  const branches = (places: Readonly<Record<SeatName, string>>) =>
    SEATS.map((name) => `${places[name]}) echo ${name} ;;`).join(' ');
  const lines = [
    '#!/bin/sh',
    'set -eu',
    `rule() { case $1 in ${branches(floating)} esac; }`,
    `host() { case $1 in ${branches(hosts)} esac; }`,
    `post() { curl -sSf -X POST -H 'content-type: application/json' -d "$2" "${at}/$1"; }`,
    `target="zones/${zone}/targetInstances/$(host "$2")"`,
    `operation=$(post "forwardingRules/$(rule "$1")/setTarget" "{\\"target\\":\\"$target\\"}" | grep -oE 'operation-[a-z0-9-]+' | head -n 1)`,
    'post "operations/$operation/wait" "" >/dev/null',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  chmodSync(file, 0o755);
  return file;
}
