import { describe, expect, test } from 'vitest';
import { exactly, preferredVersions } from '../../../image-builder/guest/prefer.ts';

const [AGENT, LOGIN] = ['google-guest-agent', 'google-compute-engine-oslogin'];
const GOOGLE = { uri: 'https://mirror.example/apt/', suite: 'agent-stable' };
const MADISON = `
google-guest-agent | 1:20250901 | https://mirror.example/debian trixie/main amd64 Packages
google-guest-agent | 20250102.00-g2 | https://mirror.example/apt agent-stable/main amd64 Packages
google-guest-agent | 20250101.00-g1 | https://mirror.example/apt agent-stable/main amd64 Packages
google-guest-agent | 20260101.00-g1 | https://mirror.example/apt agent-stable-2/main amd64 Packages
google-compute-engine-oslogin | 1:20240415 | https://mirror.example/debian trixie/main amd64 Packages
`;

describe('packages of Google’s repository', () => {
  test('are the newest that it has, even where another archive of the same mirror has newer ones', () => {
    expect(preferredVersions(MADISON, GOOGLE, [AGENT, LOGIN])).toEqual([
      { name: AGENT, version: '20250102.00-g2' },
    ]);
  });

  test('must be the agent at least', () => {
    expect(() => preferredVersions(MADISON, { ...GOOGLE, suite: 'agent' }, [AGENT])).toThrow(
      'image.guestAgent: https://mirror.example/apt/ has no google-guest-agent in its suite agent',
    );
  });

  test('are asked for by their version; all others by their name', () => {
    const packages = [
      { name: AGENT, version: '2' },
      { name: 'sudo', version: '3' },
    ];
    const further = { ...GOOGLE, keyFile: '/k', fingerprint: 'F' };
    expect(exactly({ further }, ['sudo', AGENT, LOGIN], packages)).toEqual(['sudo', `${AGENT}=2`, LOGIN]);
    expect(exactly({}, ['sudo', AGENT, LOGIN], packages)).toEqual(['sudo', AGENT, LOGIN]);
  });
});
