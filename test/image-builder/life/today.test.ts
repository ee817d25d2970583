import { expect, test } from 'vitest';
import { comparedSource } from '../../../image-builder/life/today.ts';
import { UPSTREAM } from '../../../image-builder/versions/source.ts';

const MIRROR = 'file:///srv/rtpengine.git';

test.each<[string, Parameters<typeof comparedSource>, ReturnType<typeof comparedSource>]>([
  [
    'the fleet file’s repository',
    [`git+${MIRROR}`, { source: 'git', place: UPSTREAM }],
    { kind: 'git', url: MIRROR },
  ],
  [
    'the fleet file’s branch',
    ['git#master', { source: 'git', place: UPSTREAM }],
    { kind: 'git', url: UPSTREAM, ref: 'master' },
  ],
  [
    'where it came from, when the fleet file takes the base’s package',
    ['debian', { source: 'git', place: UPSTREAM }],
    { kind: 'git', url: UPSTREAM },
  ],
  ['nothing, when it is of the base’s package', ['git', { source: 'debian' }], undefined],
  ['nothing, when it came from a folder', ['debian', { source: 'git', place: '/srv/rtpengine' }], undefined],
  ['nothing, when the fleet file names a folder', ['/srv/r', { source: 'git', place: UPSTREAM }], undefined],
])('an image is compared with %s', (_, words, source) => {
  expect(comparedSource(...words)).toEqual(source);
});
