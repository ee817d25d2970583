import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../configs/fleet.ts';
import { parseFleet } from '../../configs/load.ts';
import { checkArmHost, checkArmRecipe, runsArm } from '../../image-builder/arm64.ts';

function fleetOf(image: string, more = ''): Fleet {
  return parseFleet(
    `name: f1\ncloud: {project: my-project, region: us-central1, zones: [us-central1-a]}\nimage: {version: mr12${image}}\n${more}`,
    'f.yaml',
  );
}

const ARM = fleetOf(', architecture: arm64', 'relays: {machineType: t2a-standard-4}\n');
const AMD = fleetOf('');

describe('before any work', () => {
  const enabled = 'enabled\ninterpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P\nflags: POCF\noffset 0\n';

  test.each([
    [enabled, true],
    [enabled.replace('enabled', 'disabled'), false],
    [enabled.replace('POCF', 'POC'), false],
    ['', false],
  ])('programs of arm64 run where the kernel has an emulator at hand', (binfmt, runs) => {
    expect(runsArm(binfmt)).toBe(runs);
  });

  test('a machine that cannot run them says so in one sentence', () => {
    expect(() => checkArmHost(ARM, 'x64', '')).toThrow(
      'an image for arm64 cannot be made here: this machine is x64, and runs no programs of arm64',
    );
    expect(() => checkArmHost(ARM, 'x64', enabled)).not.toThrow();
    expect(() => checkArmHost(ARM, 'arm64', '')).not.toThrow();
    expect(() => checkArmHost(AMD, 'x64', '')).not.toThrow();
  });

  test('what is not made for arm64 is refused', () => {
    const withSource = { ...ARM, image: { ...ARM.image, source: 'git' } };
    expect(() => checkArmRecipe(withSource)).toThrow(/cannot have image\.source: git/);
    expect(() => checkArmRecipe(ARM, 'oci')).toThrow(/cannot have --output oci/);
    expect(() => checkArmRecipe(ARM)).not.toThrow();
    expect(() => checkArmRecipe({ ...AMD, image: { ...AMD.image, source: 'git' } }, 'oci')).not.toThrow();
  });
});
