import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../configs/fleet.ts';
import { parseFleet } from '../../configs/load.ts';
import { imageName } from '../../configs/naming.ts';
import { BASE_NAMES, packagesOf, TOOLS_PACKAGES, toolsFor } from '../../image-builder/bases.ts';
import { diskLayout, kernelCommandLine, partitionTypes, sfdiskScript } from '../../image-builder/layout.ts';
import type { Release } from '../../image-builder/packages.ts';
import { stageKeys } from '../../image-builder/plan.ts';
import { recipeDigest } from '../../image-builder/recipe-digest.ts';
import { DEBIAN } from '../../image-builder/supply.ts';
import { mmdebstrapCommand } from '../../image-builder/tree.ts';
import { planTrees, releasesOf } from '../../image-builder/trees.ts';

const MIRRORS = { main: 'http://m.example/debian', security: 'http://m.example/s', signedBy: undefined };
const RELEASE: Release = { codename: 'trixie', mirrors: MIRRORS };
const ORDER = { release: RELEASE, include: ['a', 'b'], early: ['e'], late: ['l'] };

function fleetOf(image: string, more = ''): Fleet {
  return parseFleet(
    `name: f1\ncloud: {project: my-project, region: us-central1, zones: [us-central1-a]}\nimage: {version: mr12${image}}\n${more}`,
    'f.yaml',
  );
}

const ARM = fleetOf(', architecture: arm64', 'relays: {machineType: t2a-standard-4}\n');
const AMD = fleetOf('');

describe('the recipe for arm64', () => {
  test.each(BASE_NAMES)('%s has the kernel of that architecture, and else the same packages', (base) => {
    const packages = packagesOf(base, 'arm64');
    const kernel = base.startsWith('debian') ? 'linux-image-cloud-arm64' : 'linux-image-gcp';
    expect(packages.filter((name) => name.startsWith('linux-image'))).toEqual([kernel]);
    expect(packages.slice(1)).toEqual(packagesOf(base).slice(1));
    expect(packages.join(' ')).not.toContain('amd64');
  });

  test('has tools without GRUB, which only a BIOS needs', () => {
    const left = TOOLS_PACKAGES.filter((name) => !toolsFor('arm64').includes(name));
    expect(left).toEqual(['grub-common', 'grub-pc-bin']);
    expect(toolsFor('arm64')).toContain('systemd-boot-efi');
  });

  test('differs from that for amd64 in one word of mmdebstrap', () => {
    const arm = { ...ORDER, release: { ...RELEASE, architecture: 'arm64' as const } };
    const ours = mmdebstrapCommand(arm, '/t.tar', ['deb x']);
    const theirs = mmdebstrapCommand(ORDER, '/t.tar', ['deb x']);
    expect(ours.filter((word, at) => word !== theirs[at])).toEqual(['--architectures=arm64']);
    expect(ours).toHaveLength(theirs.length);
  });

  test('asks both archives for packages of that architecture', async () => {
    const asked: string[] = [];
    const both = { image: MIRRORS, tools: MIRRORS };
    const releases = releasesOf(ARM, DEBIAN, both);
    expect([releases.image.architecture, releases.tools.architecture]).toEqual(['arm64', 'arm64']);
    expect(releasesOf(AMD, DEBIAN, both)).toEqual({
      image: RELEASE,
      tools: RELEASE,
    });
    const daemon = { name: 'rtpengine-daemon', version: '12.5.1.31-1', architecture: 'arm64' };
    const index = (release: Release) => ({
      release,
      resolve: async (include: readonly string[]) => {
        asked.push(...include);
        return [{ ...daemon, sha256: 'a'.repeat(64), size: 1 }];
      },
      describe: async () => [],
    });
    const trees = await planTrees(
      { image: index(releases.image), tools: index(releases.tools) },
      ARM,
      DEBIAN,
    );
    expect(trees.version).toBe('mr12.5.1.31');
    expect(asked).toContain('linux-image-cloud-arm64');
    expect(asked.join(' ')).not.toMatch(/amd64|grub/);
  });
});

describe('the disk for arm64', () => {
  const layout = diskLayout(2, 'seed', ['isolcpus=1'], 'arm64');

  test('lies as for amd64, with a root of its own type', () => {
    const usual = sfdiskScript(diskLayout(2, 'seed'));
    const { root } = partitionTypes('arm64');
    expect(root).toBe('B921B045-1DF0-41C3-AF44-4C6F280D3FAE');
    expect(sfdiskScript(layout)).toBe(usual.replace(partitionTypes('amd64').root, root));
  });

  test('has both serial ports as consoles', () => {
    expect(kernelCommandLine(layout)).toMatch(/ console=ttyS0,\S+ .* isolcpus=1 console=ttyAMA0,38400n8$/);
  });
});

describe('name and keys', () => {
  test('an image for arm64 says so in its name, which GCE takes for every base', () => {
    expect(imageName('mr12.5.1.31', 'debian-13', '0123abcdef', 'arm64')).toBe(
      'rtpengine-mr12-5-1-31-debian-13-arm64-0123abcd',
    );
    expect(imageName('mr12.5.1.31', 'debian-13', '0123abcdef', 'amd64')).toBe(
      imageName('mr12.5.1.31', 'debian-13', '0123abcdef'),
    );
    for (const base of BASE_NAMES)
      expect(imageName('mr12.5.1.31', base, '0123abcdef', 'arm64')).toMatch(/^[a-z][a-z0-9-]{0,62}$/);
  });

  test('all keys are others, whatever the packages', () => {
    const inputs = { release: RELEASE, include: [], packages: [], toolsPackages: [], files: [], sizeGb: 2 };
    const amd = stageKeys(inputs);
    const arm = stageKeys({ ...inputs, release: { ...RELEASE, architecture: 'arm64' } });
    for (const stage of ['tools', 'tree', 'disk'] as const) expect(arm[stage]).not.toBe(amd[stage]);
    expect(recipeDigest(2, 'arm64')).not.toBe(recipeDigest(2));
  });
});

describe('the rules of a fleet file', () => {
  test.each(['t2a-standard-4', 'c4a-highcpu-8', 'n4a-standard-2'])('%s is a machine for arm64', (type) => {
    expect(fleetOf(', architecture: arm64', `relays: {machineType: ${type}}\n`).image.architecture).toBe(
      'arm64',
    );
    expect(() => fleetOf('', `relays: {machineType: ${type}}\n`)).toThrow(
      `f.yaml:4: relays.machineType: ${type} is an arm64 machine, and image.architecture is amd64`,
    );
  });

  test('a machine for amd64 starts no image for arm64', () => {
    expect(() => fleetOf(', architecture: arm64')).toThrow(
      /relays\.machineType: e2-standard-4 is an amd64 machine, and image\.architecture is arm64/,
    );
  });

  test('no kernel module is promised, and amd64 is the default', () => {
    const more = 'relays: {machineType: c4a-standard-4}\nrtpengine: {kernel: wanted}\n';
    expect(() => fleetOf(', architecture: arm64', more)).toThrow(/rtpengine\.kernel: wanted cannot be had/);
    expect(AMD.image.architecture).toBe('amd64');
  });
});
