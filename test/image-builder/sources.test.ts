import { describe, expect, test } from 'vitest';
import { debianMirrors, parseSources } from '../../image-builder/sources.ts';

const STANZAS = `Types: deb
# http://old.example/debian
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://other.example/tool
Suites: bookworm
Components: tool
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
`;

const LINES = `# comment
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror.example/debian/ bookworm main # trailing
deb-src http://mirror.example/debian bookworm main
  deb http://mirror.example/security bookworm-security main contrib
deb cdrom:[Debian] bookworm
`;

describe("apt's sources", () => {
  test('deb822 stanzas: several suites, comments, disabled and source-only ones', () => {
    const sources = parseSources(STANZAS, 'sources');
    expect(sources.map((source) => `${source.uri} ${source.suite}`)).toEqual([
      'http://mirror.example/debian bookworm',
      'http://mirror.example/debian bookworm-updates',
      'http://mirror.example/debian-security bookworm-security',
      'http://other.example/tool bookworm',
    ]);
    expect(sources[0]?.signedBy).toBe('/usr/share/keyrings/debian-archive-keyring.gpg');
  });

  test('a key written into the stanza is not taken for the name of a file', () => {
    expect(
      parseSources(STANZAS, 'sources').find((source) => source.components.includes('tool')),
    ).not.toHaveProperty('signedBy');
  });

  test('one-line sources with and without options', () => {
    expect(parseSources(LINES, 'list').slice(0, 2)).toEqual([
      {
        uri: 'http://mirror.example/debian',
        suite: 'bookworm',
        components: ['main'],
        signedBy: '/usr/share/keyrings/k.gpg',
      },
      { uri: 'http://mirror.example/security', suite: 'bookworm-security', components: ['main', 'contrib'] },
    ]);
  });
});

describe("Debian's own mirrors among them", () => {
  test.each([
    ['deb822', parseSources(STANZAS, 'sources'), 'http://mirror.example/debian-security'],
    ['one-line', parseSources(LINES, 'list'), 'http://mirror.example/security'],
  ])('%s', (_, sources, security) => {
    expect(debianMirrors(sources, 'bookworm')).toMatchObject({
      main: 'http://mirror.example/debian',
      security,
    });
  });

  test('a machine that follows `stable` has mirrors too', () => {
    const text = 'deb http://m.example/debian stable main\ndeb http://m.example/s stable-security main\n';
    expect(debianMirrors(parseSources(text, 'list'), 'trixie').main).toBe('http://m.example/debian');
  });

  test('without the security suite nothing is built, and the sentence says what is missing', () => {
    const sources = parseSources('deb http://m.example/debian bookworm main\n', 'list');
    expect(() => debianMirrors(sources, 'bookworm')).toThrow(/no Debian archive for bookworm-security/);
  });
});
