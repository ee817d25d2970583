import { expect, test } from 'vitest';
import { originOf } from '../../../image-builder/compile/supply.ts';

const CONTENT = 'c'.repeat(64);

test('a commit says what was compiled; where there is none, the digest of the content does', () => {
  const commit = 'a'.repeat(40);
  const place = 'https://git.example/r';
  expect(originOf({ id: commit, place, commit })).toEqual({ source: 'git', place, commit });
  expect(originOf({ id: CONTENT, place: '/srv/r' })).toEqual({
    ...{ source: 'path', place: '/srv/r', content: CONTENT },
  });
  const tarball = 'https://x.example/r.tar.gz';
  expect(originOf({ id: CONTENT, place: tarball })).toEqual({
    ...{ source: 'tarball', place: tarball, content: CONTENT },
  });
});
