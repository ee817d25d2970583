import { describe, expect, test } from 'vitest';
import { parseSource, type Source, UPSTREAM } from '../../../image-builder/versions/source.ts';

describe('--source', () => {
  test.each<[string, Source]>([
    ['debian', { kind: 'debian' }],
    ['git', { kind: 'git', url: UPSTREAM }],
    ['git#master', { kind: 'git', url: UPSTREAM, ref: 'master' }],
    ['git+file:///srv/rtpengine.git', { kind: 'git', url: 'file:///srv/rtpengine.git' }],
    ['https://git.example/r.git#mr13', { kind: 'git', url: 'https://git.example/r.git', ref: 'mr13' }],
    ['git+ssh://git@host/r', { kind: 'git', url: 'ssh://git@host/r' }],
    ['git@host.example:team/r.git', { kind: 'git', url: 'git@host.example:team/r.git' }],
    ['debs:/srv/debs', { kind: 'debs', folder: '/srv/debs' }],
    ['/srv/rtpengine', { kind: 'path', path: '/srv/rtpengine' }],
    ['./rtpengine.tar.gz', { kind: 'path', path: './rtpengine.tar.gz' }],
    ['work/rtpengine', { kind: 'path', path: 'work/rtpengine' }],
    ['.', { kind: 'path', path: '.' }],
  ])('%s', (text, source) => {
    expect(parseSource(text)).toEqual(source);
  });

  test.each(['', 'upstream', 'debs:', 'ftp://x/y', 'https://x.example/rtpengine.tar.gz', 'git+/srv/x'])(
    '%j is refused with the forms that there are',
    (text) => {
      expect(() => parseSource(text)).toThrow(`${JSON.stringify(text)} is no source of RTPEngine`);
    },
  );
});
