import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../configs/fleet.ts';
import { copiesDatabase, seatsOf, watchedDatabase } from '../../configs/floating.ts';
import { parseFleet } from '../../configs/load.ts';
import { FleetError } from '../../lib/errors.ts';

const zones = ['us-central1-a', 'us-central1-b', 'us-central1-c', 'us-central1-f'];

/** As JSON, which is YAML. */
function file(parts: {
  network?: object;
  redis?: object;
  rtpengine?: object;
  zones?: number;
  perZone?: number;
}) {
  return JSON.stringify({
    name: 'demo',
    cloud: { project: 'my-project', region: 'us-central1', zones: zones.slice(0, parts.zones ?? 2) },
    image: { version: 'mr13.4.1.10' },
    network: { floatingAddresses: 'internal', externalAddresses: 'none', ...parts.network },
    relays: { perZone: parts.perZone ?? 1 },
    redis: { database: 1, controlDatabase: 0, ...parts.redis },
    rtpengine: parts.rtpengine ?? {},
  });
}

function fleet(parts: Parameters<typeof file>[0]): Fleet {
  return parseFleet(file(parts), 'f.yaml');
}

function problemsOf(parts: Parameters<typeof file>[0]): readonly string[] {
  try {
    fleet(parts);
  } catch (error) {
    if (error instanceof FleetError)
      return error.message.split('\n').map((line) => line.slice('f.yaml:1: '.length));
    throw error;
  }
  return [];
}

test('each relay has a name that the file determines, and a database of its own', () => {
  expect(seatsOf(fleet({ perZone: 2 }))).toEqual([
    { relay: 'demo-us-central1-a-0', zone: 'us-central1-a', index: 0, database: 3 },
    { relay: 'demo-us-central1-a-1', zone: 'us-central1-a', index: 1, database: 5 },
    { relay: 'demo-us-central1-b-0', zone: 'us-central1-b', index: 0, database: 4 },
    { relay: 'demo-us-central1-b-1', zone: 'us-central1-b', index: 1, database: 6 },
  ]);
});

test('a fleet without floating addresses determines no relay', () => {
  expect(seatsOf(fleet({ network: { floatingAddresses: 'none' } }))).toEqual([]);
});

const databases = (parts: Parameters<typeof file>[0]) =>
  new Map(
    seatsOf(fleet({ ...parts, redis: { kind: 'vm', secret: 'projects/p/secrets/s/versions/1' } })).map(
      ({ relay, database }) => [relay, database],
    ),
  );

test('no database is of two relays, of the lock, of the copies or watched, whatever the size', () => {
  fc.assert(
    fc.property(
      fc.record({ zones: fc.integer({ min: 1, max: 4 }), perZone: fc.integer({ min: 1, max: 40 }) }),
      fc.integer({ min: 1, max: 14 }),
      (size, database) => {
        const redis = { kind: 'external', host: 'r', database, controlDatabase: 0 };
        const one = fleet({ ...size, redis });
        const numbers = seatsOf(one).map((seat) => seat.database);
        const others = [copiesDatabase(one), watchedDatabase(one), 0];
        expect(new Set([...numbers, ...others]).size).toBe(size.zones * size.perZone + 3);
      },
    ),
    { numRuns: 60 },
  );
});

test.each([
  ['more relays in each zone', { zones: 3, perZone: 2 }, { zones: 3, perZone: 3 }],
  ['another zone at the end, of one relay each', { zones: 2, perZone: 1 }, { zones: 3, perZone: 1 }],
])('%s: every relay that is there keeps its database', (_, before, after) => {
  const later = databases(after);
  for (const [relay, database] of databases(before))
    expect([relay, later.get(relay)]).toEqual([relay, database]);
});

describe('refused, in one sentence:', () => {
  const secret = 'projects/p/secrets/s/versions/1';
  test.each([
    [
      { network: { externalAddresses: 'static' } },
      /^network\.floatingAddresses: internal needs network\.externalAddresses none, and not static: an external address .* cannot move/,
    ],
    [
      { rtpengine: { instances: 2, ports: { min: 30000, max: 30100 } } },
      /^rtpengine\.instances: 2 cannot be had with network\.floatingAddresses/,
    ],
    [
      { rtpengine: { kernel: 'wanted' } },
      /^rtpengine\.kernel: wanted cannot be had with network\.floatingAddresses/,
    ],
    [{ redis: { kind: 'none' } }, /^redis\.kind: none cannot be had with network\.floatingAddresses/],
    [
      { redis: { tls: true } },
      /^redis\.tls: cannot be had with network\.floatingAddresses, .* RTPEngine speaks no TLS/,
    ],
    [
      { redis: { controlDatabase: 3 } },
      /^redis\.controlDatabase: 3 is one of those of call state \(1 empty, 2 for copies, 3 to 4 for 2 relays/,
    ],
    [{ redis: { controlDatabase: 1 } }, /^redis\.controlDatabase: 1 is also redis\.database/],
    [
      { zones: 3, perZone: 5 },
      /^redis\.database: those of call state \(1 empty, 2 for copies, 3 to 17 for 15 relays .*\) are more than a Redis of kind memorystore has, 0 to 15/,
    ],
    [
      { network: { range: '10.9.0.0/29' }, perZone: 2, redis: {} },
      /^network\.range: 10\.9\.0\.0\/29 has room for 4 machines, the fleet has 8 relays and floating addresses there/,
    ],
  ])('%j', (parts, sentence) => {
    expect(problemsOf(parts)).toEqual([expect.stringMatching(sentence)]);
  });

  test("as many relays as Memorystore has databases for, and any number on a machine of one's own, are taken", () => {
    expect(problemsOf({ zones: 4, perZone: 3 })).toEqual([]);
    expect(problemsOf({ zones: 4, perZone: 20, redis: { kind: 'vm', secret } })).toEqual([]);
  });
});
