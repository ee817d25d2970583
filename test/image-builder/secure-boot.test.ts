import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fleet } from '../../configs/fleet.ts';
import { parseFleet } from '../../configs/load.ts';
import { imageBody } from '../../image-builder/publish.ts';
import { signingOf } from '../../image-builder/secure-boot.ts';
import { PROJECT } from '../support/lab-server.ts';
import { FLEET, importInto, MANIFEST, openPublishLab } from './support/product.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-secure-boot-'));
const file = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  for (const name of ['one', 'two']) {
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`), '-subj', `/CN=${name}`];
    await execa('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...out]);
  }
  writeFileSync(file('noise.pem'), 'not a certificate');
});

function fleet(key: string, certificate: string, kernel = 'off'): Fleet {
  const cloud = '{ project: my-project, region: us-central1, zones: [us-central1-a] }';
  const secureBoot = JSON.stringify({ key: file(key), certificate: file(certificate) });
  const image = `{ version: mr12.5, secureBoot: ${secureBoot} }`;
  return parseFleet(
    `name: f1\ncloud: ${cloud}\nimage: ${image}\nrtpengine: { kernel: ${kernel} }\n`,
    'fleet.yaml',
  );
}

describe('Secure Boot with keys of one’s own', () => {
  test('takes a key with its certificate', () => {
    const signing = signingOf(fleet('one.key', 'one.pem'));
    expect(signing?.certificate).toBe(readFileSync(file('one.pem'), 'utf8'));
    expect(JSON.stringify(signing)).not.toContain('PRIVATE');
    expect(signing?.digest).not.toBe(signingOf(fleet('two.key', 'two.pem'))?.digest);
  });

  test.each([
    ['a key of another certificate', 'one.key', 'two.pem', /does not belong to the certificate/],
    ['no key', 'absent.key', 'one.pem', /absent\.key is no readable key/],
    ['no certificate', 'one.key', 'noise.pem', /noise\.pem is no readable/],
    ['a certificate for a key', 'one.pem', 'one.pem', /one\.pem is no readable key/],
  ])('refuses %s before anything is built', (_, key, certificate, why) => {
    expect(() => signingOf(fleet(key, certificate))).toThrow(why);
  });

  test('cannot be had together with a kernel module that nobody whom the kernel trusts has signed', () => {
    expect(() => fleet('one.key', 'one.pem', 'required')).toThrow(/kernel: required cannot be had with/);
    expect(() => fleet('one.key', 'one.pem', 'wanted')).not.toThrow();
  });

  test('tells GCE whose signatures the firmware of its machines trusts', async () => {
    const lab = await openPublishLab();
    const { secureBoot } = fleet('one.key', 'one.pem').image;
    const image = { ...FLEET.image, ...(secureBoot === undefined ? {} : { secureBoot }) };
    await importInto(lab, MANIFEST, { ...FLEET, image });
    const { data } = await lab.api.images.get({ project: PROJECT, image: MANIFEST.image });
    const { pk, keks, dbs } = data.shieldedInstanceInitialState ?? {};
    const content = new X509Certificate(readFileSync(file('one.pem'))).raw.toString('base64');
    expect([pk, ...(keks ?? []), ...(dbs ?? [])]).toEqual(Array(3).fill({ content, fileType: 'X509' }));
  });

  test('is not asked for without', () => {
    expect(imageBody(FLEET, MANIFEST, 'https://storage.googleapis.com/b/o')).not.toHaveProperty(
      'shieldedInstanceInitialState',
    );
  });
});
