import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFleet } from '../../configs/load.ts';
import { HEALTH_CHECK_RANGES, IAP_RANGES, openings } from '../../infra/ports.ts';

const fleet = (network: object) =>
  parseFleet(
    JSON.stringify({
      name: 'demo',
      cloud: { project: 'my-project', region: 'us-central1', zones: ['us-central1-a'] },
      network,
      image: { version: 'mr12.5.1.31' },
    }),
    'f.yaml',
  );

/** Who may reach `port` over `protocol`. */
function whoReaches(network: object, protocol: 'udp' | 'tcp', port: number): readonly string[] {
  const hits = openings(fleet(network)).filter(
    (opening) =>
      opening.protocol === protocol &&
      opening.ports.some((text) => {
        const [first = 0, last = first] = text.split('-').map(Number);
        return port >= first && port <= last;
      }),
  );
  return [...new Set(hits.flatMap(({ sources }) => sources))].sort();
}

const closed = { range: '10.1.0.0/24' };
const named = {
  range: '10.1.0.0/24',
  mediaSources: ['198.51.100.0/24'],
  proxySources: ['10.2.0.0/24'],
  controllerSources: ['10.3.0.0/24'],
};

describe('who may reach a relay', () => {
  test('media from wherever the fleet file says, and the probe call of the controller', () => {
    expect(whoReaches(named, 'udp', 30000)).toEqual(['10.3.0.0/24', '198.51.100.0/24']);
    expect(whoReaches(named, 'udp', 40000)).toEqual(['10.3.0.0/24', '198.51.100.0/24']);
    expect(whoReaches(named, 'udp', 40001)).toEqual([]);
    expect(whoReaches(named, 'tcp', 30000)).toEqual([]);
  });

  test('ng from proxies and controller, over UDP and TCP', () => {
    expect(whoReaches(named, 'udp', 22222)).toEqual(['10.2.0.0/24', '10.3.0.0/24']);
    expect(whoReaches(named, 'tcp', 22222)).toEqual(['10.2.0.0/24', '10.3.0.0/24']);
  });

  test('CLI from the controller alone', () => {
    expect(whoReaches(named, 'tcp', 9900)).toEqual(['10.3.0.0/24']);
    expect(whoReaches(named, 'udp', 9900)).toEqual([]);
  });

  test("HTTP from the controller and Google's health checks", () => {
    expect(whoReaches(named, 'tcp', 9101)).toEqual(['10.3.0.0/24', ...HEALTH_CHECK_RANGES].sort());
  });

  test('SSH through Identity-Aware Proxy alone', () => {
    expect(whoReaches(named, 'tcp', 22)).toEqual(['35.235.240.0/20']);
    expect(IAP_RANGES).toEqual(['35.235.240.0/20']);
  });

  test('without proxies and controllers in the fleet file: the subnetwork, not the world', () => {
    expect(whoReaches(closed, 'udp', 22222)).toEqual(['10.1.0.0/24']);
    expect(whoReaches(closed, 'tcp', 9900)).toEqual(['10.1.0.0/24']);
  });

  test('Redis: nobody comes in for it', () => {
    expect(whoReaches(named, 'tcp', 6379)).toEqual([]);
  });
});

const range = fc
  .tuple(fc.integer({ min: 1, max: 223 }), fc.integer({ min: 0, max: 255 }))
  .map(([a, b]) => `${a}.${b}.0.0/16`);
const ranges = fc.uniqueArray(range, { maxLength: 4 });

test('whatever ranges a fleet file names, nothing but the media ports is open to more than they are', () => {
  fc.assert(
    fc.property(ranges, ranges, (proxySources, controllerSources) => {
      const network = { ...closed, proxySources, controllerSources };
      const allowed = new Set([
        ...proxySources,
        ...controllerSources,
        closed.range,
        ...HEALTH_CHECK_RANGES,
        ...IAP_RANGES,
      ]);
      const others = openings(fleet(network)).filter(({ name }) => name !== 'media');
      return others.every(
        ({ sources }) => sources.length > 0 && sources.every((source) => allowed.has(source)),
      );
    }),
  );
});
