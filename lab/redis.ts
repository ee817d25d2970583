/** Managed Redis of the lab: a real redis-server at an address of its own, as Memorystore is; nothing is written outside the lab. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { FleetError } from '../lib/errors.ts';
import { startDetached } from './host/detached.ts';
import { readJson, writeJson } from './host/json-file.ts';
import { end, isAlive, type ProcessId, until } from './host/processes.ts';
import { addressIn, type LabNames, namespaceOf } from './names.ts';
import type { Network } from './network.ts';
import type { RedisAddress, RedisServers, RedisWish } from './ports.ts';
import { freeSlot, redisArguments } from './redis/arguments.ts';
import { certificatesFor } from './redis/certificates.ts';
import { redisNames, removeNamespace } from './redis/remove.ts';

/** Memorystore's ports. */
const PORT = 6379;
const TLS_PORT = 6378;

export type RedisOptions = {
  readonly folder: string;
  readonly names: LabNames;
  readonly network: Network;
};

type RedisRecord = RedisAddress & { readonly process: ProcessId };

export function createRedisServers(options: RedisOptions): RedisServers {
  const { folder, names } = options;
  return {
    start: async (name, wanted = {}) => {
      const record = await recordOf(folder, name);
      if (record === undefined || !(await isAlive(record.process))) return await start(options, name, wanted);
      const { process: _, ...address } = record;
      return address;
    },
    stop: async (name) => {
      const record = await recordOf(folder, name);
      if (record !== undefined) await end(record.process, 5_000);
      await removeNamespace(namespaceOf(names, `r${name}`));
      await rm(join(folder, 'redis', name), { recursive: true, force: true });
    },
  };
}

async function recordOf(folder: string, name: string): Promise<RedisRecord | undefined> {
  return (await readJson(join(folder, 'redis', name, 'redis.json'))) as RedisRecord | undefined;
}

/** The address is taken from the record if there is one: a Redis that died comes back where its clients look for it. */
async function start(
  { folder, names, network }: RedisOptions,
  name: string,
  { config = {}, password, tls = false, host: wanted }: RedisWish,
): Promise<RedisAddress> {
  const args = redisArguments(name, config);
  const home = join(folder, 'redis', name);
  const known = wanted ?? (await recordOf(folder, name))?.host;
  const host = known ?? (await freeAddress(folder, network.range, name));
  const namespace = namespaceOf(names, `r${name}`);
  await mkdir(home, { recursive: true });
  await removeNamespace(namespace);
  await network.attach(namespace, host);
  await network.configure(namespace, host);
  const enter = ['nsenter', `--net=/run/netns/${namespace}`];
  // In a file of its own: what stands in an argument, everyone on this machine can read.
  const secrets = join(home, 'secrets.conf');
  await writeFile(secrets, password === undefined ? '' : `requirepass ${password}\n`, { mode: 0o600 });
  const door = tls
    ? await tlsDoor(home, host)
    : { address: { host, port: PORT }, words: ['--port', String(PORT)] };
  const { address } = door;
  const server = ['redis-server', secrets, '--bind', host, ...door.words, '--dir', home, ...args];
  const process = await startDetached([...enter, ...server], { log: join(home, 'redis.log') });
  if (process !== undefined) await writeJson(join(home, 'redis.json'), { ...address, process });
  if (process === undefined || !(await serves(process, address))) throw didNotStart(name, home);
  return address;
}

async function tlsDoor(
  home: string,
  host: string,
): Promise<{ readonly address: RedisAddress; readonly words: readonly string[] }> {
  const { key, certificate, authority, authorityText } = await certificatesFor(home, host);
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', authority];
  return {
    address: { host, port: TLS_PORT, authority: authorityText },
    // Clients show a password, no certificate, as with Memorystore.
    words: ['--port', '0', '--tls-port', String(TLS_PORT), '--tls-auth-clients', 'no', ...files],
  };
}

async function serves(process: ProcessId, address: RedisAddress): Promise<boolean> {
  const settled = async (): Promise<boolean> => (await answersPing(address)) || !(await isAlive(process));
  return (await until(settled, 10_000, 50)) && isAlive(process);
}

async function freeAddress(folder: string, range: string, name: string): Promise<string> {
  const others = (await redisNames(folder)).filter((other) => other !== name);
  const taken = await Promise.all(others.map((other) => recordOf(folder, other)));
  return addressIn(range, freeSlot(taken.flatMap((record) => (record ? [record.host] : []))));
}

function didNotStart(name: string, home: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'redis-failed',
    message: `The lab's Redis ${name} did not start.`,
    hint: `Its reason is in ${join(home, 'redis.log')}.`,
    facts: { name },
  });
}

/** One PING over a connection of its own; false on anything but PONG, and that a password is asked for. */
function answersPing({ host, port, authority }: RedisAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const place = { host, port, timeout: 1_000 };
    const socket: Socket =
      authority === undefined
        ? connect(place)
        : connectTls({ ...place, ca: authority, checkServerIdentity: () => undefined });
    const say = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    // Kept until there is a connection, or TLS.
    socket.write('PING\r\n');
    socket.once('data', (data) => say(/^(\+PONG|-NOAUTH)/.test(data.toString())));
    socket.once('error', () => say(false));
    socket.once('timeout', () => say(false));
  });
}
