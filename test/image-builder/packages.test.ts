import { describe, expect, test } from 'vitest';
import { parsePrintedUris, sourceLines } from '../../image-builder/packages.ts';

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
