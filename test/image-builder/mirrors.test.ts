import { describe, expect, test } from 'vitest';
import { type AptHost, mirrorsOf } from '../../image-builder/mirrors.ts';

const DEBIAN: AptHost = {
  id: 'debian',
  codename: 'bookworm',
  sources: [
    { uri: 'http://m.example/debian', suite: 'bookworm', components: ['main'], signedBy: '/keys/d.gpg' },
    { uri: 'http://m.example/security', suite: 'bookworm-security', components: ['main'] },
  ],
};
const UBUNTU: AptHost = {
  id: 'ubuntu',
  codename: 'noble',
  sources: [
    {
      uri: 'http://m.example/ubuntu',
      suite: 'noble',
      components: ['main', 'universe'],
      signedBy: '/keys/u.gpg',
    },
    { uri: 'http://s.example/ubuntu', suite: 'noble-security', components: ['main', 'universe'] },
  ],
};

describe('the archive of a distribution', () => {
  test('is where apt of this machine gets its own packages', () => {
    expect(mirrorsOf('debian', DEBIAN, {})).toMatchObject({
      main: 'http://m.example/debian',
      security: 'http://m.example/security',
      signedBy: '/keys/d.gpg',
    });
    expect(mirrorsOf('ubuntu', UBUNTU, {})).toEqual({
      main: 'http://m.example/ubuntu',
      security: 'http://s.example/ubuntu',
      signedBy: '/keys/u.gpg',
      components: ['main', 'universe'],
    });
  });

  test('is where the environment says, whatever apt has', () => {
    const environment = {
      RTPFLEET_DEBIAN_MIRROR: 'http://n.example/debian/',
      RTPFLEET_UBUNTU_MIRROR: ' http://n.example/ubuntu/ http://n.example/ubuntu-security ',
    };
    expect(mirrorsOf('debian', DEBIAN, environment)).toMatchObject({
      main: 'http://n.example/debian',
      security: 'http://n.example/debian-security',
    });
    expect(mirrorsOf('ubuntu', DEBIAN, environment)).toMatchObject({
      main: 'http://n.example/ubuntu',
      security: 'http://n.example/ubuntu-security',
    });
  });

  test('of Ubuntu has its security updates on the same mirror unless another is named', () => {
    const { main, security } = mirrorsOf('ubuntu', DEBIAN, {
      RTPFLEET_UBUNTU_MIRROR: 'http://n.example/ubuntu',
    });
    expect(security).toBe(main);
  });

  test.each([
    ['ubuntu', DEBIAN, 'RTPFLEET_UBUNTU_MIRROR'],
    ['debian', UBUNTU, 'RTPFLEET_DEBIAN_MIRROR'],
    ['ubuntu', { ...UBUNTU, sources: [] }, 'RTPFLEET_UBUNTU_MIRROR'],
  ] as const)('%s has to be named where apt has none', (distribution, host, variable) => {
    expect(() => mirrorsOf(distribution, host, { [variable]: ' ' })).toThrow(
      expect.objectContaining({
        kind: 'usage',
        code: 'no-mirror',
        hint: expect.stringContaining(`${variable}=`),
      }),
    );
  });
});
