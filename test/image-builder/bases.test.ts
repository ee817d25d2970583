import { describe, expect, test } from 'vitest';
import { parseFleet } from '../../configs/load.ts';
import { imageName } from '../../configs/naming.ts';
import { BASE_NAMES, BASES, COMPONENTS, packagesOf } from '../../image-builder/bases.ts';
import { sourceLines } from '../../image-builder/packages.ts';
import { DEBIAN } from '../../image-builder/supply.ts';
import { mmdebstrapCommand } from '../../image-builder/tree.ts';
import { planTrees } from '../../image-builder/trees.ts';

const release = (name: keyof typeof BASES, keyring?: string) => {
  const { codename, distribution } = BASES[name];
  const mirrors = { main: 'http://m.example', security: 'http://s.example', signedBy: undefined };
  const components = COMPONENTS[distribution];
  return { codename, mirrors: { ...mirrors, components, ...(keyring === undefined ? {} : { keyring }) } };
};

describe.each(BASE_NAMES)('an image on %s', (name) => {
  test('has one kernel for clouds, and what a relay needs', () => {
    const packages = packagesOf(name);
    expect(packages.filter((item) => item.startsWith('linux-image'))).toEqual([
      name.startsWith('debian') ? 'linux-image-cloud-amd64' : 'linux-image-gcp',
    ]);
    for (const item of ['google-guest-agent', 'openssh-server', 'initramfs-tools', 'rtpengine-daemon'])
      expect(packages).toContain(item);
    expect(packages).toEqual([...new Set(packages)]);
  });

  test('has a name that GCE takes', () => {
    expect(imageName('mr12.5.1.31', name, '0123abcdef')).toMatch(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])$/);
  });

  test('comes from its release with updates and security updates', () => {
    const { codename } = BASES[name];
    const suites = sourceLines(release(name)).map((line) => line.split(' ')[2]);
    expect(suites).toEqual([codename, `${codename}-updates`, `${codename}-security`]);
  });
});

test('Ubuntu’s trees are made from main and universe, with a key that does not get into them', () => {
  const order = { release: release('ubuntu-24.04', '/keys/u.gpg'), include: ['a'], early: [], late: [] };
  const lines = sourceLines(order.release);
  expect(lines[0]).toBe('deb http://m.example noble main universe');
  const words = mmdebstrapCommand(order, '/t.tar', lines);
  expect(words).toContain('--keyring=/keys/u.gpg');
  expect(lines.join()).not.toContain('/keys');
});

test('Ubuntu 22.04, which has no RTPEngine of its own, asks for a source before anything is fetched', async () => {
  const cloud = '{ project: my-project, region: us-central1, zones: [us-central1-a] }';
  const image = '{ version: mr12.5, base: ubuntu-22.04 }';
  const fleet = parseFleet(`name: f1\ncloud: ${cloud}\nimage: ${image}\n`, 'fleet.yaml');
  const nothing = () => Promise.reject(new Error('asked the archive'));
  const index = { release: release('ubuntu-22.04'), resolve: nothing, describe: nothing };
  await expect(planTrees({ image: index, tools: index }, fleet, DEBIAN)).rejects.toMatchObject({
    code: 'unknown-version',
    message: 'mr12.5: ubuntu-22.04 has no RTPEngine',
    hint: expect.stringContaining('--source git'),
  });
});
