import { describe, expect, test } from 'vitest';
import { parseSource, type Source, sourceFrom, UPSTREAM } from '../../../image-builder/versions/source.ts';

const SHA256 = 'a1'.repeat(32);

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
    [
      `https://x.example/r.tar.xz#sha256=${SHA256}`,
      { kind: 'tarball', url: 'https://x.example/r.tar.xz', sha256: SHA256 },
    ],
    ['/srv/rtpengine', { kind: 'path', path: '/srv/rtpengine' }],
    ['./rtpengine.tar.gz', { kind: 'path', path: './rtpengine.tar.gz' }],
    ['work/rtpengine', { kind: 'path', path: 'work/rtpengine' }],
    ['.', { kind: 'path', path: '.' }],
  ])('%s', (text, source) => {
    expect(parseSource(text)).toEqual(source);
  });

  test.each(['', 'upstream', 'debs:', 'ftp://x/y', 'git+/srv/x'])(
    '%j is refused with the forms that there are',
    (text) => {
      expect(() => parseSource(text)).toThrow(`${JSON.stringify(text)} is no source of RTPEngine`);
    },
  );

  test.each(['https://x.example/r.tar.gz', 'https://x.example/r.tgz', 'http://x.example/r.tar'])(
    '%s is refused without its digest, and says how to give it',
    (url) => {
      expect(() => parseSource(url)).toThrow(
        `${url}: a tarball of the network is only taken with its sha256`,
      );
    },
  );

  test('a relative path is counted from where it was written; all else stays as it is', () => {
    expect(sourceFrom('/srv/fleets', './rtpengine')).toBe('/srv/fleets/rtpengine');
    expect(sourceFrom('/srv/fleets', 'debs:../debs')).toBe('debs:/srv/debs');
    for (const text of ['debian', 'git#master', 'git+file:///x', '/srv/r.tar.gz', 'git@host:team/r.git'])
      expect(sourceFrom('/srv/fleets', text)).toBe(text);
  });
});
