import { expect, test } from 'vitest';
import { parseFleet } from '../../../configs/load.ts';
import { profilesOf } from '../../../image-builder/compile/order.ts';

const image = (base: string, profiles = '[]') =>
  parseFleet(
    `name: f1
cloud: { project: my-project, region: us-central1, zones: [us-central1-a] }
image: { version: mr13.4.1.10, source: git, base: ${base}, buildProfiles: ${profiles} }`,
    'f.yaml',
  ).image;
const NO_URING = 'pkg.ngcp-rtpengine.nouring';

test('a base whose packages are too old for a part of RTPEngine is compiled without it', () => {
  expect(profilesOf(image('ubuntu-22.04'))).toEqual([NO_URING]);
  expect(profilesOf(image('debian-13'))).toEqual([]);
});

test('profiles of the fleet file come on top, each once', () => {
  const own = `[pkg.ngcp-rtpengine.no-transcoding, ${NO_URING}]`;
  expect(profilesOf(image('ubuntu-22.04', own))).toEqual([NO_URING, 'pkg.ngcp-rtpengine.no-transcoding']);
});
