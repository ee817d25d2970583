/** TLS to a real redis-server, as Memorystore has it (an authority of its own) and as others have it (one for many). */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Certificates, certificatesFor } from '../../../lab/redis/certificates.ts';
import { wallClock } from '../../../rollout/adapters/clock.ts';
import { takeLock } from '../../../rollout/adapters/lock.ts';
import { ownerOf } from '../../../rollout/adapters/owner.ts';
import { connectRedis, type RedisPlace, type RedisTls } from '../../../rollout/adapters/redis.ts';
import { freshLoopback } from '../../support/loopback.ts';
import { startRedis } from '../../support/redis-server.ts';

const dir = mkdtempSync(join(tmpdir(), 'rtpfleet-tls-'));
const other = mkdtempSync(join(tmpdir(), 'rtpfleet-tls-'));
const hosts = [freshLoopback(), freshLoopback()] as const;
const servers: ChildProcess[] = [];
let own: RedisPlace;
let named: RedisPlace;
let authority: string;
let stranger: string;

beforeAll(async () => {
  const certificates = await certificatesFor(dir, hosts[0]);
  authority = certificates.authorityText;
  stranger = (await certificatesFor(other, hosts[0])).authorityText;
  own = await serve(certificates, hosts[0]);
  const [key, certificate] = [join(other, 'named.key'), join(other, 'named.pem')];
  const files = ['-keyout', key, '-out', certificate, '-subj', '/CN=redis'];
  const names = ['-addext', `subjectAltName=IP:${hosts[1]}`];
  await execa('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...names]);
  named = await serve({ key, certificate, authority: certificate, authorityText: '' }, hosts[1]);
});

afterAll(() => {
  for (const server of servers) server.kill();
  for (const folder of [dir, other]) rmSync(folder, { recursive: true, force: true });
});

async function serve({ key, certificate, authority: ca }: Certificates, at: string): Promise<RedisPlace> {
  const files = ['--tls-key-file', key, '--tls-cert-file', certificate, '--tls-ca-cert-file', ca];
  const args = ['--port', '0', '--tls-port', '{port}', '--tls-auth-clients', 'no', ...files];
  const { host, port, child } = await startRedis({ dir, args, place: { host: at } });
  servers.push(child);
  return { host, port, database: 6 };
}

async function ping(place: RedisPlace, tls: RedisTls): Promise<string> {
  const client = await connectRedis({ ...place, tls });
  try {
    return await client.ping();
  } finally {
    client.destroy();
  }
}

test('the authority that is a server’s own is enough, though the certificate names no host', async () => {
  expect(await ping(own, { kind: 'own', authorities: authority })).toBe('PONG');
  // While it changes there are two.
  expect(await ping(own, { kind: 'own', authorities: `${stranger}\n${authority}` })).toBe('PONG');
});

test('of an authority for many the certificate must name the host too', async () => {
  const certificate = readFileSync(join(other, 'named.pem'), 'utf8');
  expect(await ping(named, { kind: 'public', authorities: certificate })).toBe('PONG');
  await expect(ping(own, { kind: 'public', authorities: authority })).rejects.toMatchObject({
    code: 'redis-untrusted',
  });
});

test.each<[string, () => RedisTls]>([
  ['another authority', () => ({ kind: 'own', authorities: stranger })],
  ['those that the machine trusts', () => ({ kind: 'public' })],
])('a certificate that is not of %s is refused, in one sentence', async (_, tls) => {
  await expect(ping(own, tls())).rejects.toMatchObject({
    kind: 'stop',
    code: 'redis-untrusted',
    message: expect.stringMatching(
      /^Redis 127(?:\.\d+){3}:\d+ shows a certificate that is not to be trusted: [^\n]+$/,
    ),
  });
});

test('a rollout does not go on with a lock on its own machine when somebody else answers for Redis', async () => {
  const redis = { ...own, tls: { kind: 'own', authorities: stranger } } as const;
  const owner = ownerOf('r1', 'ann@host', Date.now());
  const control = { fleet: 'f', project: `tls${process.pid}`, endpoint: undefined, owner, clock: wallClock };
  await expect(takeLock({ ...control, redis })).rejects.toMatchObject({ code: 'redis-untrusted' });
  const lock = await takeLock({
    ...control,
    redis: { ...redis, tls: { kind: 'own', authorities: authority } },
  });
  expect(lock.kind).toBe('redis');
  await lock.release();
});
