import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseFleet } from '../../../configs/load.ts';
import { agentSource, guestPackages } from '../../../image-builder/guest/agent.ts';
import { sourceLines } from '../../../image-builder/packages.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-agent-'));
const cache = { root: join(folder, 'image') };
afterAll(() => rmSync(folder, { recursive: true }));

const KEY = join(import.meta.dirname, 'data/key.asc');
const FINGERPRINT = 'CEAEB177A6FD0420E2811E8F1E9FAEFCF2C5FBBE';

function fleet(image: string, more = '') {
  const cloud = '{ project: my-project, region: us-central1, zones: [us-central1-a] }';
  return parseFleet(`name: f1\ncloud: ${cloud}\nimage: { version: mr12.5, ${image} }\n${more}`, 'fleet.yaml');
}

const google = (key: string, fingerprint: string) =>
  fleet(
    `guestAgent: { from: google, repository: "https://apt.example/apt", suite: agent-stable, key: ${JSON.stringify(key)}, fingerprint: ${JSON.stringify(fingerprint)} }`,
  );

const MIRRORS = { main: 'http://m.example/debian', security: 'http://m.example/s', signedBy: undefined };

describe('the guest agent', () => {
  test('is Debian’s unless the fleet file says otherwise', () => {
    expect(agentSource(cache, fleet('check: false'))).toBeUndefined();
  });

  test('comes from another repository only with the key that the fleet file names', () => {
    const further = agentSource(cache, google(KEY, FINGERPRINT.toLowerCase()));
    expect(readFileSync(further?.keyFile ?? '', 'utf8')).toBe(readFileSync(KEY, 'utf8'));
    const release = { codename: 'trixie', mirrors: MIRRORS, ...(further ? { further } : {}) };
    expect(sourceLines(release)).toContain(
      `deb [signed-by=${further?.keyFile}] https://apt.example/apt agent-stable main`,
    );
  });

  test.each([
    ['another key', KEY, FINGERPRINT.replace('C', 'D'), /holds key CEAE.*the fleet file names DEAE/],
    ['no key at all', join(folder, 'page.html'), FINGERPRINT, /holds no OpenPGP public key/],
    ['no such file', join(folder, 'absent'), FINGERPRINT, /cannot be read/],
    ['a second key beside it', join(folder, 'two.asc'), FINGERPRINT, /holds key /],
  ])('is refused with %s', (_, key, fingerprint, why) => {
    writeFileSync(join(folder, 'page.html'), '<html></html>');
    writeFileSync(join(folder, 'two.asc'), twoKeys());
    expect(() => agentSource(cache, google(key, fingerprint))).toThrow(why);
  });

  test('of Google’s repository needs all of it: one sentence for each thing that is missing', () => {
    expect(() => fleet('guestAgent: { from: google, key: /k }')).toThrow(
      /repository: must be given.*suite: must be given.*fingerprint: must be given/s,
    );
  });

  test('with OS Login, its package and sudo come along', () => {
    expect(guestPackages(fleet('check: false'))).toEqual([]);
    expect(guestPackages(fleet('check: false', 'relays: { osLogin: true }\n'))).toEqual([
      'google-compute-engine-oslogin',
      'sudo',
    ]);
  });
});

/** The key, and after it the same with one bit changed. */
function twoKeys(): Buffer {
  const body = readFileSync(KEY, 'utf8').split('\n').slice(2, -3).join('');
  const bytes = Buffer.from(body, 'base64');
  const other = Buffer.from(bytes);
  other[20] = (other[20] ?? 0) ^ 1;
  return Buffer.concat([bytes, other]);
}
