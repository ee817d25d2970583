import { describe, expect, test } from 'vitest';
import { parseMadison, parsePrintedUris, parseStanzas } from '../../image-builder/apt-text.ts';
import { sourceLines } from '../../image-builder/packages.ts';

describe('what apt would install', () => {
  test('name and version of each package, an epoch included, sorted by name', () => {
    const text = [
      "'http://m.example/pool/main/s/systemd/systemd_257.13-1%7edeb13u1_amd64.deb' systemd_257.13-1~deb13u1_amd64.deb 1 SHA256:aa",
      "'http://m.example/pool/main/d/dbus/dbus_1%3a1.16.2-2_amd64.deb' dbus_1%3a1.16.2-2_amd64.deb 2 SHA256:bb",
      '',
    ].join('\n');
    expect(parsePrintedUris(text)).toEqual([
      { name: 'dbus', version: '1:1.16.2-2' },
      { name: 'systemd', version: '257.13-1~deb13u1' },
    ]);
  });

  test('point updates and security updates are always among the sources', () => {
    const mirrors = {
      main: 'http://m.example/debian',
      security: 'http://m.example/security',
      signedBy: '/k.gpg',
    };
    expect(sourceLines({ codename: 'trixie', mirrors })).toEqual([
      'deb [signed-by=/k.gpg] http://m.example/debian trixie main',
      'deb [signed-by=/k.gpg] http://m.example/debian trixie-updates main',
      'deb [signed-by=/k.gpg] http://m.example/security trixie-security main',
    ]);
  });
});

describe('what the archive says of a package', () => {
  test('its file is told apart by sha256; of two stanzas of a name the first counts', () => {
    const stanza = (version: string, sha256: string) =>
      `Package: libc6\nVersion: ${version}\nArchitecture: amd64\nFilename: pool/x.deb\nSize: 12\nSHA256: ${sha256}\nDescription: x\n long\n`;
    const text = `${stanza('2.41-12', 'aa')}\n${stanza('2.41-11', 'bb')}\n`;
    expect(parseStanzas(text)).toEqual([
      { name: 'libc6', version: '2.41-12', architecture: 'amd64', sha256: 'aa', size: 12 },
    ]);
    expect(parseStanzas('\n')).toEqual([]);
  });

  test('versions that it still has are read from its table', () => {
    const text =
      '     libc6 | 2.41-12 | http://m.example/debian trixie/main amd64 Packages\n  dbus | 1:1.16.2-2 | http://m.example x\n';
    expect(parseMadison(text)).toContain('libc6=2.41-12');
    expect(parseMadison(text)).toContain('dbus=1:1.16.2-2');
    expect(parseMadison(text)).not.toContain('libc6=2.41-11');
  });
});
