/** The start-up script of a machine with Redis, as bash runs it, with the machine's places moved into a folder, and a real redis-server. */
import type { ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectRedis } from '../../../rollout/adapters/redis.ts';
import { freePort } from '../../support/free-port.ts';
import { freshLoopback } from '../../support/loopback.ts';
import { runRedis } from '../../support/redis-server.ts';

const SCRIPT = readFileSync('infra/redis/start-up', 'utf8');
const TOKEN = 'ya29.token-of-the-machine';
const SECRET = '/v1/projects/p/secrets/redis/versions/latest:access';

let folder: string;
let server: Server;
let told: Record<string, string>;
let redis: ChildProcess | undefined;
let redisHost: string;
let redisPort: number;
let at: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rtpfleet-start-up-'));
  for (const name of ['bin', 'run', 'data', 'sbin', 'units']) mkdirSync(join(folder, name));
  server = createServer((request, response) => {
    const key = (request.url ?? '').replace('/computeMetadata/v1/instance/', '');
    const signed = request.headers.authorization === `Bearer ${TOKEN}`;
    const flavor = request.headers['metadata-flavor'] === 'Google';
    const value = (key.startsWith('/v1/') ? signed : flavor) ? told[key] : undefined;
    response.writeHead(value === undefined ? 404 : 200).end(value ?? 'not found');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  redisHost = freshLoopback();
  redisPort = await freePort(redisHost);
  told = {
    'network-interfaces/0/ip': redisHost,
    'attributes/rtpfleet-redis-secret': `http://${at}${SECRET}`,
    'service-accounts/default/token': JSON.stringify({ access_token: TOKEN, expires_in: 3600 }),
    [SECRET]: secretAnswer('hush-1'),
  };
  stub('chgrp', '');
  stub('chown', '');
});

afterEach(() => {
  redis?.kill();
  server.close();
  rmSync(folder, { recursive: true });
});

function secretAnswer(text: string): string {
  return JSON.stringify({ name: 'x', payload: { data: Buffer.from(text).toString('base64') } }, null, 2);
}

/** A program of the machine that only notes how it was called. */
function stub(name: string, body: string): void {
  const file = join(folder, 'bin', name);
  writeFileSync(file, `#!/bin/bash\nprintf '%s\\n' "${name} $*" >>${folder}/calls\n${body}\n`);
  chmodSync(file, 0o755);
}

async function run(...words: readonly string[]) {
  const script = join(folder, 'start-up');
  const moved = SCRIPT.replace('bind $address 127.0.0.1', `bind $address ${freshLoopback()}`)
    .replaceAll('169.254.169.254', at)
    .replaceAll('169\\.254\\.169\\.254', at)
    .replaceAll('/run/rtpfleet-redis', join(folder, 'run'))
    .replaceAll('/var/lib/redis', join(folder, 'data'))
    .replaceAll('/usr/local/sbin', join(folder, 'sbin'))
    .replaceAll('/etc/systemd/system', join(folder, 'units'))
    .replaceAll('port 6379', `port ${redisPort}`)
    .replaceAll('/dev/disk/by-id', folder)
    // No test has a block device.
    .replaceAll('-b "$DEVICE"', '-e "$DEVICE"')
    .replaceAll('sleep 2', 'sleep 0.1');
  writeFileSync(script, moved);
  chmodSync(script, 0o755);
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  const { exitCode, all } = await execa('timeout', ['120', 'bash', script, ...words], {
    env,
    reject: false,
    all: true,
  });
  const calls = existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8') : '';
  return { exitCode, all, calls };
}

async function startRedis(): Promise<void> {
  redis = await runRedis([join(folder, 'run/redis.conf')]);
}

test('a real redis-server takes what it writes: password, events, nothing forgotten, and what it held after a crash', async () => {
  expect(await run('config')).toMatchObject({ exitCode: 0, all: '' });
  await startRedis();
  const place = { host: redisHost, port: redisPort, database: 6 };
  const client = await connectRedis({ ...place, password: 'hush-1' });
  expect(await client.configGet(['notify-keyspace-events', 'maxmemory-policy', 'appendonly'])).toEqual({
    'notify-keyspace-events': 'AKE',
    'maxmemory-policy': 'noeviction',
    appendonly: 'yes',
  });
  expect(Number((await client.configGet('maxmemory')).maxmemory)).toBeGreaterThan(2 ** 28);
  await client.set('call', 'up');
  client.destroy();
  await expect(connectRedis(place)).rejects.toMatchObject({ code: 'redis-refused' });
  redis?.kill('SIGKILL');
  await new Promise((gone) => redis?.once('close', gone));
  await startRedis();
  const again = await connectRedis({ ...place, password: 'hush-1' });
  expect(await again.get('call')).toBe('up');
  again.destroy();
});

test('the password is in one file, for root and Redis only, and a new version of the secret comes with the next start', async () => {
  const { all, calls } = await run('config');
  expect(`${all}${calls}`).not.toContain('hush');
  expect(readdirSync(join(folder, 'run'))).toEqual(['redis.conf']);
  expect(readFileSync(join(folder, 'run/redis.conf'), 'utf8')).toContain('requirepass "hush-1"\n');
  expect(calls).toMatch(/^chgrp redis /);
  told = { ...told, [SECRET]: secretAnswer('hush-2') };
  await run('config');
  expect(readFileSync(join(folder, 'run/redis.conf'), 'utf8')).toContain('requirepass "hush-2"\n');
});

test.each([
  ['a space', 'hu sh'],
  ['a quote', 'hu"sh'],
  ['a second line', 'hush\nsave 1 1'],
  ['an @, which RTPEngine cannot be told', 'hu@sh'],
])('a password with %s is refused, and not shown', async (_, password) => {
  told = { ...told, [SECRET]: secretAnswer(password) };
  const { exitCode, all } = await run('config');
  expect(exitCode).toBe(1);
  expect(all).toContain('the password has a space');
  expect(all).not.toContain('hu');
  expect(readdirSync(join(folder, 'run'))).toEqual([]);
});

test('the token of the machine goes to Secret Manager, and to nobody else', async () => {
  told = { ...told, 'attributes/rtpfleet-redis-secret': `http://evil.example${SECRET}` };
  expect(await run('config')).toMatchObject({
    exitCode: 1,
    all: expect.stringContaining('is no URL of Secret Manager'),
  });
});

/** Programs of a machine that boots: redis-server is there, the data disk is `found` by blkid, and mounted or not. */
function machine(found: number, mounted = false): void {
  for (const name of ['systemctl', 'mkfs.ext4', 'mount', 'resize2fs', 'sysctl', 'apt-get', 'dpkg'])
    stub(name, '');
  stub('dpkg-query', "printf 'installed installed '");
  stub('mountpoint', `exit ${mounted ? 0 : 32}`);
  stub('blkid', `exit ${found}`);
}

/** Names of the programs that a boot calls, in order. */
async function boot() {
  const { calls, ...rest } = await run();
  return { ...rest, calls: calls.split('\n').flatMap((line) => line.split(' ')[0] || []) };
}

test('a machine that boots again mounts nothing twice, installs nothing, and starts Redis', async () => {
  machine(0, true);
  const { exitCode, calls } = await boot();
  expect([exitCode, calls]).toEqual([0, ['dpkg-query', 'mountpoint', 'systemctl', 'sysctl', 'systemctl']]);
  const unit = readFileSync(join(folder, 'units/rtpfleet-redis.service'), 'utf8');
  expect(unit).toContain(`ExecStartPre=+${folder}/sbin/rtpfleet-redis config\n`);
});

test('a machine that was cut off in the midst of its installation finishes it, however often the archive fails', async () => {
  machine(0, true);
  stub('dpkg-query', "printf 'installed unpacked '");
  stub('dpkg', 'exit 1');
  stub('apt-get', `[ "$2" != update ] || [ "$(grep -c 'apt-get -q update' ${folder}/calls)" -gt 2 ]`);
  const { exitCode, calls } = await boot();
  const failed = ['dpkg', 'apt-get'];
  const installs = ['dpkg-query', 'systemctl', ...failed, ...failed, ...failed, 'apt-get', 'apt-get'];
  expect([exitCode, calls]).toEqual([0, [...installs, 'mountpoint', 'systemctl', 'sysctl', 'systemctl']]);
  const lines = readFileSync(join(folder, 'calls'), 'utf8');
  expect(lines.indexOf('systemctl mask redis-server.service')).toBeLessThan(lines.indexOf('apt-get'));
});

test('without its data disk it starts no Redis, which would keep nothing', async () => {
  machine(0);
  expect(await boot()).toMatchObject({ exitCode: 1, calls: ['dpkg-query', 'mountpoint'] });
});

test.each([
  ['a disk with nothing on it is formatted', 2, true],
  ['one with a file system, or anything that can be told, never', 0, false],
])('%s', async (_, found, formatted) => {
  machine(found);
  writeFileSync(join(folder, 'google-redis-data'), '');
  const { exitCode, calls } = await boot();
  expect(exitCode).toBe(0);
  expect(calls.includes('mkfs.ext4')).toBe(formatted);
  expect(calls.slice(calls.indexOf('mount'))).toEqual([
    ...['mount', 'resize2fs', 'chown', 'systemctl', 'sysctl', 'systemctl'],
  ]);
});

test('a disk that cannot be read is left as it is', async () => {
  machine(8);
  writeFileSync(join(folder, 'google-redis-data'), '');
  expect(await boot()).toMatchObject({ exitCode: 1, calls: ['dpkg-query', 'mountpoint', 'blkid'] });
});
