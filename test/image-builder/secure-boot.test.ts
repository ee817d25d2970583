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
/** The certificates are made later than this file is read. */
const NOW = new Date(Date.now() + 3600 * 1000);
const file = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  for (const name of ['one', 'two']) {
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`), '-subj', `/CN=${name}`];
    await execa('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...out]);
  }
  writeFileSync(file('noise.pem'), 'not a certificate');
  const locked = ['-in', file('one.key'), '-aes256', '-passout', 'pass:secret', '-out', file('locked.key')];
  await execa('openssl', ['pkey', ...locked]);
  const curve = ['-keyout', file('curve.key'), '-out', file('curve.pem'), '-subj', '/CN=curve'];
  await execa('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    ...curve,
  ]);
  const weak = ['-keyout', file('weak.key'), '-out', file('weak.pem'), '-subj', '/CN=weak'];
  await execa('openssl', ['req', '-x509', '-newkey', 'rsa:1024', '-nodes', ...weak]);
});

function fleet(key: string, certificate: string, kernel = 'off', base = 'debian-13'): Fleet {
  const cloud = '{ project: my-project, region: us-central1, zones: [us-central1-a] }';
  const secureBoot = JSON.stringify({ key: file(key), certificate: file(certificate) });
  const image = `{ version: mr12.5, base: ${base}, secureBoot: ${secureBoot} }`;
  return parseFleet(
    `name: f1\ncloud: ${cloud}\nimage: ${image}\nrtpengine: { kernel: ${kernel} }\n`,
    'fleet.yaml',
  );
}

describe('Secure Boot with keys of one’s own', () => {
  test('takes a key with its certificate', () => {
    const signing = signingOf(fleet('one.key', 'one.pem'), NOW);
    expect(signing?.certificate).toBe(readFileSync(file('one.pem'), 'utf8'));
    expect(JSON.stringify(signing)).not.toContain('PRIVATE');
    expect(signing?.digest).not.toBe(signingOf(fleet('two.key', 'two.pem'), NOW)?.digest);
  });

  test.each([
    ['a key of another certificate', 'one.key', 'two.pem', /does not belong to the certificate/],
    ['no key', 'absent.key', 'one.pem', /absent\.key is no readable private key.*no such file/],
    ['no certificate', 'one.key', 'noise.pem', /noise\.pem is no readable/],
    ['a certificate for a key', 'one.pem', 'one.pem', /one\.pem is no readable private key/],
    ['an encrypted key', 'locked.key', 'one.pem', /locked\.key is encrypted, and nobody is asked/],
    ['a key that firmware does not know', 'curve.key', 'curve.pem', /curve\.key is no RSA key of 2048 bits/],
    ['a key that is too short', 'weak.key', 'weak.pem', /weak\.key is no RSA key of 2048 bits/],
  ])('refuses %s before anything is built', (_, key, certificate, why) => {
    expect(() => signingOf(fleet(key, certificate), NOW)).toThrow(why);
  });

  test.each([
    ['after its end', 40, /one\.pem expired on \d{4}-\d\d-\d\d/],
    ['before its beginning', -2, /one\.pem is not valid before \d{4}-\d\d-\d\d/],
  ])('refuses a certificate %s', (_, days, why) => {
    const then = new Date(NOW.getTime() + days * 24 * 3600 * 1000);
    expect(() => signingOf(fleet('one.key', 'one.pem'), then)).toThrow(why);
  });

  test('can be had with a kernel module where the kernel is known to take one that these keys signed', () => {
    expect(() => fleet('one.key', 'one.pem', 'required')).not.toThrow();
    for (const base of ['debian-12', 'ubuntu-24.04']) {
      expect(() => fleet('one.key', 'one.pem', 'required', base)).toThrow(
        `kernel: required cannot be had with image.secureBoot on ${base}`,
      );
      expect(() => fleet('one.key', 'one.pem', 'wanted', base)).not.toThrow();
    }
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
