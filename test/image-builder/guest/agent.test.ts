import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseFleet } from '../../../configs/load.ts';
import { agentSource, guestPackages } from '../../../image-builder/guest/agent.ts';
import { openIndex, sourceLines } from '../../../image-builder/packages.ts';
import { INDEX, openRepositories, type Repositories, stanza } from './support/repositories.ts';

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

describe('the guest agent of a repository that stands for Google’s', () => {
  const [agent, suite, newer] = ['google-guest-agent', 'agent-stable', '1:20250901.00-g1'];
  let repositories: Repositories;

  beforeAll(async () => {
    repositories = await openRepositories(['debian', 'google', 'other']);
    const debian = ['base-files', 'apt'].map((name) => stanza(name, '1', 'Essential: yes\n')).join('');
    for (const each of ['trixie', 'trixie-updates', 'trixie-security'])
      await repositories.publish('debian', each, debian + stanza(agent, '20211116.00-7'), 'debian');
  });
  afterAll(async () => await repositories.close());

  /** The version that apt would install when the fleet file names this repository and the key of `google`. */
  async function versionOf(repository: string): Promise<string | undefined> {
    const [keyFile, fingerprint] = [repositories.keyOf('google'), await repositories.fingerprintOf('google')];
    const words = { from: 'google', repository, suite, key: keyFile, fingerprint };
    const own = { root: mkdtempSync(join(repositories.folder, 'cache-')) };
    const further = agentSource(own, fleet(`guestAgent: ${JSON.stringify(words)}`));
    const main = `file://${join(repositories.folder, 'debian')}`;
    const mirrors = { main, security: main, signedBy: undefined, keyring: repositories.keyOf('debian') };
    const shop = { log: join(repositories.folder, 'log.log'), signal: new AbortController().signal };
    const release = { codename: 'trixie', mirrors, ...(further ? { further } : {}) };
    const packages = await (await openIndex(shop, own, release)).resolve([agent]);
    return packages.find(({ name }) => name === agent)?.version;
  }

  test('is taken when the repository is signed with the key that the fleet file names', async () => {
    const repository = await repositories.publish('google', suite, stanza(agent, newer), 'google');
    expect(await versionOf(repository)).toBe(newer);
  });

  test.each(['20211116.00-6', '1:20250901.00-g1'])(
    'is taken though Debian’s version has the higher number (%s)',
    async (lower) => {
      const higher = stanza('google-guest-agent', '2:9', '');
      await repositories.publish('debian', 'trixie-updates', higher, 'debian');
      const repository = await repositories.publish('google', suite, stanza(agent, lower), 'google');
      expect(await versionOf(repository)).toBe(lower);
    },
  );

  test('is missed where the repository does not have it: Debian’s is not taken for it', async () => {
    const repository = await repositories.publish('empty', suite, stanza('fluent-bit', '1'), 'google');
    await expect(versionOf(repository)).rejects.toMatchObject({
      kind: 'usage',
      code: 'no-guest-agent',
      message: expect.stringMatching(
        /^image.guestAgent: file:.*empty has no google-guest-agent in its suite agent-stable$/,
      ),
    });
  });

  test('is not taken when another key signed the repository: the build stops, and says which', async () => {
    const repository = await repositories.publish('impostor', suite, stanza(agent, newer), 'other');
    await expect(versionOf(repository)).rejects.toMatchObject({
      kind: 'stop',
      code: 'archive-unreachable',
      message: expect.stringMatching(/cannot be read:\n.*impostor agent-stable InRelease/),
    });
  });

  test('is not taken when its index was changed after it was signed', async () => {
    const repository = await repositories.publish('changed', suite, stanza(agent, newer), 'google');
    const file = join(repositories.folder, 'changed/dists', suite, INDEX);
    writeFileSync(file, readFileSync(file, 'utf8').replace('20250901', '20260901'));
    await expect(versionOf(repository)).rejects.toMatchObject({ code: 'archive-unreachable' });
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
