/** Secret Manager of the lab, asked by Google's own client, and by machines with their tokens. */
import { secretmanager, type secretmanager_v1 } from '@googleapis/secretmanager';
import { describe, expect, test } from 'vitest';
import {
  addImage,
  addTemplate,
  instanceOf,
  openTestLab,
  PROJECT,
  type TestLab,
  ZONE,
} from '../support/lab-server.ts';

const parent = `projects/${PROJECT}`;
const ACCESSOR = 'roles/secretmanager.secretAccessor';
const CLOUD = 'https://www.googleapis.com/auth/cloud-platform';
const EMAIL = `demo-relay@${PROJECT}.iam.gserviceaccount.com`;

function clientOf(lab: TestLab): secretmanager_v1.Resource$Projects$Secrets {
  return secretmanager({ version: 'v1', rootUrl: `${lab.url}/` }).projects.secrets;
}

/** A secret `redis` with a value. */
async function openSecret(value = 'hush'): Promise<{ lab: TestLab; name: string }> {
  const lab = await openTestLab();
  const client = clientOf(lab);
  const requestBody = { replication: { automatic: {} }, labels: { rtpfleet: 'demo' } };
  const { data } = await client.create({ parent, secretId: 'redis', requestBody });
  expect(data).toMatchObject({
    labels: { rtpfleet: 'demo' },
    name: expect.stringMatching(/\/secrets\/redis$/),
  });
  const payload = { data: Buffer.from(value).toString('base64') };
  await client.addVersion({ parent: `${parent}/secrets/redis`, requestBody: { payload } });
  return { lab, name: `${parent}/secrets/redis` };
}

describe('Secret Manager', () => {
  test('keeps what a version was given, the newest as `latest`', async () => {
    const { lab, name } = await openSecret();
    const client = clientOf(lab);
    await client.addVersion({
      parent: name,
      requestBody: { payload: { data: Buffer.from('new').toString('base64') } },
    });
    const read = async (version: string) => {
      const { data } = await client.versions.access({ name: `${name}/versions/${version}` });
      return Buffer.from(data.payload?.data ?? '', 'base64').toString();
    };
    expect([await read('1'), await read('latest')]).toEqual(['hush', 'new']);
    await expect(read('3')).rejects.toMatchObject({ status: 404 });
  });

  test('refuses a second secret of a name, and a policy that somebody else changed meanwhile', async () => {
    const { lab, name } = await openSecret();
    const client = clientOf(lab);
    const requestBody = { replication: { automatic: {} } };
    await expect(client.create({ parent, secretId: 'redis', requestBody })).rejects.toMatchObject({
      status: 409,
    });
    const { data: policy } = await client.getIamPolicy({ resource: name });
    const grow = () =>
      client.setIamPolicy({
        resource: name,
        requestBody: { policy: { ...policy, bindings: [{ role: ACCESSOR, members: ['user:a@b.c'] }] } },
      });
    await grow();
    await expect(grow()).rejects.toMatchObject({ status: 409 });
  });
});

/** What the lab answers to a machine that runs as `EMAIL`; `granted`: whether its account may read the secret. */
async function readAsMachine(scopes: readonly string[], granted: boolean) {
  const { lab, name } = await openSecret();
  const binding = {
    role: ACCESSOR,
    members: [granted ? `serviceAccount:${EMAIL}` : 'user:someone@else.example'],
  };
  await clientOf(lab).setIamPolicy({ resource: name, requestBody: { policy: { bindings: [binding] } } });
  await addImage(lab, 'relay-1');
  await addTemplate(lab, 't1', { serviceAccounts: [{ email: EMAIL, scopes: [...scopes] }] });
  const { data } = await lab.api.instances.insert({
    ...{ project: PROJECT, zone: ZONE },
    sourceInstanceTemplate: 'global/instanceTemplates/t1',
    requestBody: { name: 'vm1' },
  });
  await lab.done(data);
  const address = (await instanceOf(lab, 'vm1')).networkInterfaces?.[0]?.networkIP ?? '';
  const token = lab.server.metadata.token?.(address, 'default') as { readonly access_token: string };
  const path = `/v1/${name}/versions/latest:access`;
  return lab.server.metadata.api?.('GET', path, `Bearer ${token.access_token}`);
}

describe('a machine', () => {
  test('reads, with its token, the secret that its account was granted', async () => {
    const answer = await readAsMachine([CLOUD], true);
    const data = Buffer.from('hush').toString('base64');
    expect(answer).toMatchObject({ status: 200, json: { payload: { data } } });
  });

  test.each([
    ['with an account that was granted nothing', [CLOUD], false],
    ['with scopes that do not reach so far', ['https://www.googleapis.com/auth/logging.write'], true],
  ])('%s is refused', async (_, scopes, granted) => {
    const answer = await readAsMachine(scopes, granted);
    expect(answer).toMatchObject({ status: 403 });
    expect(JSON.stringify(answer)).not.toContain(Buffer.from('hush').toString('base64'));
  });

  test.each([undefined, 'Bearer ya29.lab.e30.AAAA', 'Bearer x'])(
    'with the token %s is nobody',
    async (token) => {
      const { lab, name } = await openSecret();
      expect(lab.server.metadata.api?.('GET', `/v1/${name}/versions/latest:access`, token)).toMatchObject({
        status: 401,
      });
    },
  );

  test('changes nothing in Secret Manager', async () => {
    const { lab, name } = await openSecret();
    expect(lab.server.metadata.api?.('POST', `/v1/${name}:setIamPolicy`, undefined)).toMatchObject({
      status: 501,
    });
  });
});
