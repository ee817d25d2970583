import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Fleet } from '../../../configs/fleet.ts';
import { parseFleet } from '../../../configs/load.ts';
import { redisTls } from '../../../rollout/adapters/redis-trust.ts';
import { openTestLab, PROJECT } from '../../support/lab-server.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const at = '10.0.0.3:6378/6';
const none = { at, secret: undefined, ca: undefined };
const asking = { project: PROJECT };

function fleetWith(redis: string): Fleet {
  const cloud = 'cloud: {project: my-project, region: us-central1, zones: [us-central1-a, us-central1-b]}';
  return parseFleet(`name: demo\n${cloud}\nimage: {version: mr12.5.1.31}\nredis: ${redis}\n`, 'fleet.yaml');
}

test('what a template names is read where it says, and is the authority of that Redis alone', async () => {
  const lab = await openTestLab();
  const parent = `/v1/projects/${PROJECT}/secrets`;
  await lab.send('POST', `${parent}?secretId=ca`, { replication: { automatic: {} } });
  const payload = { data: Buffer.from(PEM).toString('base64') };
  await lab.send('POST', `${parent}/ca:addVersion`, { payload });
  const ca = `https://secretmanager.googleapis.com${parent}/ca/versions/latest:access`;
  // Whatever the fleet file says by now.
  for (const file of ['{tls: true}', '{}'])
    expect(await redisTls(fleetWith(file), { ...none, ca }, { project: PROJECT, endpoint: lab.url })).toEqual(
      { kind: 'own', authorities: PEM },
    );
});

test('of an external Redis the fleet file tells: a file, or what the machine trusts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-ca-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ca.pem');
  writeFileSync(file, PEM);
  const external = (more: string) => fleetWith(`{kind: external, host: r${more}}`);
  expect(await redisTls(external(''), none, asking)).toBeUndefined();
  expect(await redisTls(external(', tls: true'), none, asking)).toEqual({ kind: 'public' });
  expect(await redisTls(external(`, tls: true, caFile: ${file}`), none, asking)).toEqual({
    kind: 'public',
    authorities: PEM,
  });
  writeFileSync(file, 'nonsense');
  await expect(redisTls(external(`, tls: true, caFile: ${file}`), none, asking)).rejects.toMatchObject({
    kind: 'usage',
    message: `redis.caFile: ${file} holds no certificate`,
  });
  await expect(redisTls(external(', tls: true, caFile: no.pem'), none, asking)).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringMatching(/^redis\.caFile: no\.pem cannot be read/),
  });
});

test('TLS that the fleet file wants and Memorystore has not is never left out in silence', async () => {
  await expect(redisTls(fleetWith('{tls: true}'), none, asking)).rejects.toMatchObject({
    kind: 'stop',
    code: 'no-ca',
    message: expect.stringContaining(at),
    hint: expect.stringContaining('pulumi up'),
  });
});
