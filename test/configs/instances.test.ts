import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instancesOf, refuseSeveral } from '../../configs/instances.ts';
import { parseFleet } from '../../configs/load.ts';

const fleet = (rtpengine: string, logs = '{}') =>
  parseFleet(
    `name: many
cloud: { project: many-project, region: us-central1, zones: [us-central1-a] }
image: { version: mr12.5.1.31 }
rtpengine: ${rtpengine}
logs: ${logs}`,
    'many.yaml',
  );

describe('several RTPEngines on one host', () => {
  test('have ports of their own, one after the other, and the media ports in equal shares', () => {
    expect(instancesOf(fleet('{ instances: 3, ports: { min: 30000, max: 40000 } }').rtpengine)).toEqual([
      { number: 1, ports: { min: 30000, max: 33331 }, ngPort: 22222, cliPort: 9900, httpPort: 9101 },
      { number: 2, ports: { min: 33332, max: 36663 }, ngPort: 22223, cliPort: 9901, httpPort: 9102 },
      { number: 3, ports: { min: 36664, max: 40000 }, ngPort: 22224, cliPort: 9902, httpPort: 9103 },
    ]);
  });

  test('one of them is what it always was', () => {
    const { rtpengine } = fleet('{}');
    const { ports, ngPort, cliPort, httpPort } = rtpengine;
    expect(instancesOf(rtpengine)).toEqual([{ number: 1, ports, ngPort, cliPort, httpPort }]);
  });

  test('whatever a fleet file says: no port is two, no share is below four ports, or it is refused', () => {
    const port = fc.integer({ min: 1024, max: 65_535 });
    const near = fc.integer({ min: 30_000, max: 30_060 });
    const any = fc.record({
      instances: fc.integer({ min: 2, max: 8 }),
      min: fc.integer({ min: 15_000, max: 15_020 }).map((half) => 2 * half),
      size: fc.integer({ min: 3, max: 60 }),
      control: fc.tuple(fc.oneof(port, near), fc.oneof(port, near), fc.oneof(port, near)),
    });
    let taken = 0;
    fc.assert(
      fc.property(any, ({ instances, min, size, control: [ngPort, cliPort, httpPort] }) => {
        const ports = `{ min: ${min}, max: ${min + size} }`;
        const text = `{ instances: ${instances}, ports: ${ports}, ngPort: ${ngPort}, cliPort: ${cliPort}, httpPort: ${httpPort} }`;
        const all = accepted(text, '{ rotateMb: 10 }');
        if (all === undefined) return;
        taken += 1;
        expect(all).toHaveLength(instances);
        const used = all.flatMap((one) => {
          expect(one.ports.min % 2).toBe(0);
          expect(one.ports.max - one.ports.min).toBeGreaterThanOrEqual(3);
          const media = Array.from(
            { length: one.ports.max - one.ports.min + 1 },
            (_, at) => one.ports.min + at,
          );
          return [one.ngPort, one.cliPort, one.httpPort, ...media];
        });
        expect(new Set(used).size).toBe(used.length);
        expect(Math.max(...used)).toBeLessThanOrEqual(65_535);
        expect(all.at(-1)?.ports.max).toBe(min + size);
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  test.each([
    [
      '{ instances: 4, ports: { min: 30000, max: 30012 } }',
      'rtpengine.instances: 4 leaves each 2 of the media ports 30000-30012, and a call takes four',
    ],
    [
      '{ instances: 2, ngPort: 2223, cliPort: 2224 }',
      'rtpengine.ngPort: 2224 of RTPEngine 2 is also rtpengine.cliPort',
    ],
    [
      '{ instances: 3, httpPort: 29998 }',
      'rtpengine.httpPort: 30000 of RTPEngine 3 lies in the media ports 30000-40000',
    ],
    ['{ instances: 2, ngPort: 65535 }', 'rtpengine.ngPort: 65536 of RTPEngine 2 is no port'],
    [
      '{ instances: 2, kernel: wanted }',
      'rtpengine.kernel: wanted is for one RTPEngine on a host, not for several (rtpengine.instances)',
    ],
    [
      '{ instances: 2, options: { listen-https: "8443" } }',
      'rtpengine.options.listen-https: would be the same for all of rtpengine.instances, and only one can have it',
    ],
  ])('%s is refused', (rtpengine, sentence) => {
    expect(() => fleet(rtpengine)).toThrow(sentence);
  });

  test('are refused with less log than two files for each', () => {
    expect(() =>
      fleet('{ instances: 8 }', '{ rotateMb: 100, main: { keepMb: 1000 }, cdr: { keepMb: 2000 } }'),
    ).toThrow('logs.main.keepMb: 1000 is less than two files of rotateMb 100 for each of 8 RTPEngines');
  });

  test.each(['0', '9', '1.5'])('are never %s', (instances) => {
    expect(() => fleet(`{ instances: ${instances} }`)).toThrow('rtpengine.instances');
  });

  test('are no relay of a fleet', () => {
    expect(() => refuseSeveral(fleet('{ instances: 2 }'), 'a relay of a managed fleet')).toThrow(
      'fleet many: a host with rtpengine.instances 2 cannot be a relay of a managed fleet, which has one RTPEngine on each relay',
    );
    refuseSeveral(fleet('{ instances: 1 }'), 'a relay of a managed fleet');
  });
});

function accepted(rtpengine: string, logs: string) {
  try {
    return instancesOf(fleet(rtpengine, logs).rtpengine);
  } catch {
    return undefined;
  }
}
