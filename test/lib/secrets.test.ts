import { expect, test } from 'vitest';
import { readSecret } from '../../lib/secrets.ts';
import { openTestLab, PROJECT, type TestLab } from '../support/lab-server.ts';

const parent = `/v1/projects/${PROJECT}/secrets`;
const url = (host: string, id = 'redis') => `${host}${parent}/${id}/versions/latest:access`;

async function openSecret(): Promise<TestLab> {
  const lab = await openTestLab();
  await lab.send('POST', `${parent}?secretId=redis`, { replication: { automatic: {} } });
  const payload = { data: Buffer.from('hush').toString('base64') };
  await lab.send('POST', `${parent}/redis:addVersion`, { payload });
  return lab;
}

test("a secret is read at Google's address, or at the endpoint that stands for it", async () => {
  const lab = await openSecret();
  const options = { project: PROJECT, endpoint: lab.url };
  expect(await readSecret(url('https://secretmanager.googleapis.com'), options)).toBe('hush');
  expect(await readSecret(url('http://169.254.169.254'), options)).toBe('hush');
});

test('one that is not there is an error that says which, and what is needed', async () => {
  const lab = await openSecret();
  const failure = readSecret(url('https://secretmanager.googleapis.com', 'other'), {
    project: PROJECT,
    endpoint: lab.url,
  });
  await expect(failure).rejects.toMatchObject({
    kind: 'stop',
    code: 'secret',
    message: expect.stringMatching(/secrets\/other\/versions\/latest:access cannot be read: .*404/),
    hint: expect.stringContaining('roles/secretmanager.secretAccessor'),
  });
});

test.each([
  url('https://evil.example'),
  url('http://secretmanager.googleapis.com'),
  url('https://secretmanager.googleapis.com.evil.example'),
  `https://secretmanager.googleapis.com${parent}/redis`,
  'nonsense',
])('no credentials are sent to %s', async (place) => {
  await expect(readSecret(place, { project: PROJECT })).rejects.toMatchObject({
    code: 'secret',
    message: expect.stringMatching(/it is (not at https:\/\/secretmanager|no URL)/),
  });
});
