import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFleet } from '../../configs/load.ts';
import { FEWEST_LOCAL_PORTS, localPorts, overlap, sizeOf } from '../../configs/local-ports.ts';
import { wantedSysctls } from '../../image-builder/tuning/wanted.ts';

const fleet = (rest: string) =>
  parseFleet(
    `name: ports
cloud: { project: ports-project, region: us-central1, zones: [us-central1-a] }
image: { version: mr12.5.1.31 }
${rest}`,
    'ports.yaml',
  );

describe('ports of the relay’s own connections', () => {
  test.each([
    [
      { min: 30_000, max: 40_000 },
      { min: 40_001, max: 65_535 },
    ],
    [
      { min: 40_000, max: 65_535 },
      { min: 10_240, max: 39_999 },
    ],
    [
      { min: 1_024, max: 9_999 },
      { min: 10_240, max: 65_535 },
    ],
  ])('beside media on %j are %j', (media, own) => {
    expect(localPorts(media)).toEqual(own);
  });

  test('are never media ports, in any fleet file that is taken', () => {
    const range = fc.tuple(fc.integer({ min: 512, max: 32_767 }), fc.integer({ min: 1_030, max: 65_535 }));
    let taken = 0;
    fc.assert(
      fc.property(range, ([half, max]) => {
        const media = { min: half * 2, max };
        const text = `rtpengine: { ports: { min: ${media.min}, max: ${media.max} }, ngPort: 1024, cliPort: 1025, httpPort: 1026 }`;
        try {
          fleet(text);
        } catch {
          return;
        }
        taken += 1;
        const value = wantedSysctls(fleet(text)).find(({ name }) =>
          name.endsWith('ip_local_port_range'),
        )?.value;
        const [min = 0, top = 0] = (value ?? '').split(' ').map(Number);
        expect(overlap({ min, max: top }, media)).toBe(false);
        expect(sizeOf({ min, max: top })).toBeGreaterThanOrEqual(FEWEST_LOCAL_PORTS);
      }),
    );
    expect(taken).toBeGreaterThan(0);
  });
});

describe('a fleet file is refused', () => {
  test.each([
    [
      'rtpengine:\n  ports: { min: 10000, max: 65000 }',
      /ports\.yaml:5: rtpengine\.ports: 10000-65000 leaves 535 ports in a row/,
    ],
    [
      'tuning:\n  sysctl:\n    net.ipv4.ip_local_port_range: 1024 65000',
      /ports\.yaml:6: .*1024 65000 overlaps the media ports 30000-40000/,
    ],
    [
      'tuning:\n  sysctl:\n    net.ipv4.ip_local_port_range: 65000',
      /ports\.yaml:6: .*65000 is not two ports, lowest first/,
    ],
    ['tuning:\n  rtpengineCpus: 3-2', /ports\.yaml:5: tuning\.rtpengineCpus: 3-2 names no CPU/],
    [
      'tuning:\n  rtpengineCpus: 1-3\n  systemCpus: 0-1',
      /ports\.yaml:6: tuning\.systemCpus: 0-1 and rtpengineCpus 1-3 have CPU 1 in common/,
    ],
    ['tuning:\n  isolateCpus: true', /ports\.yaml:5: tuning\.isolateCpus: needs rtpengineCpus/],
    [
      'tuning:\n  rtpengineCpus: 0-1\n  isolateCpus: true',
      /ports\.yaml:6: tuning\.isolateCpus: rtpengineCpus 0-1 holds CPU 0/,
    ],
    [
      'logs:\n  cdr: { keepMb: 150 }',
      /ports\.yaml:5: logs\.cdr\.keepMb: 150 is less than two files of rotateMb 100/,
    ],
    [
      'logs:\n  main: { keepMb: 9000 }',
      /ports\.yaml:5: logs: 12000 MB of log files are more than half of relays\.diskGb 20/,
    ],
    ['tuning:\n  sysctl: { "net.core.rmem_max; reboot": 1 }', /tuning\.sysctl/],
    ['tuning:\n  sysctl: { net.core.rmem_max: "1\\nkernel.panic=0" }', /tuning\.sysctl/],
  ])('%s', (text, why) => {
    expect(() => fleet(text)).toThrow(why);
  });
});
