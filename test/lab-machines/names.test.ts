import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressIn,
  hardwareAddress,
  isOurs,
  labNames,
  namespaceOf,
  portCandidates,
  rangeCandidates,
} from '../../lab/names.ts';
import { freeRange, overlap, routedRanges } from '../../lab/network/ranges.ts';
import { freeSlot, redisArguments } from '../../lab/redis/arguments.ts';

const folder = fc.stringMatching(/^(\/[a-z0-9.]{1,12}){1,5}$/);

describe('names of a lab', () => {
  test('are the same for the same folder, and fit into what Linux allows', () => {
    fc.assert(
      fc.property(folder, (path) => {
        const names = labNames(path);
        expect(labNames(path)).toEqual(names);
        expect(names.id).toMatch(/^rf[0-9a-f]{8}$/);
        expect(names.id.length).toBeLessThanOrEqual(15);
      }),
    );
  });

  test('never meet those of another folder', () => {
    fc.assert(
      fc.property(folder, folder, (one, other) => {
        fc.pre(one !== other);
        const [mine, theirs] = [labNames(one), labNames(other)];
        expect(isOurs(mine, namespaceOf(mine, 'm7'))).toBe(true);
        expect(isOurs(mine, namespaceOf(theirs, 'm7'))).toBe(false);
        expect(isOurs(mine, theirs.switchNamespace)).toBe(false);
      }),
    );
  });

  test('a name that only begins alike is not ours', () => {
    const names = labNames('/a');
    expect(isOurs(names, `${names.id}0`)).toBe(false);
    expect(isOurs(names, `${names.id}0-m1`)).toBe(false);
  });
});

describe('ranges and ports', () => {
  test('candidates are private, differ from each other, and ports are below the ephemeral ones', () => {
    fc.assert(
      fc.property(folder, (path) => {
        const ranges = rangeCandidates(path);
        expect(new Set(ranges).size).toBe(64);
        for (const range of ranges) expect(overlap(range, '10.64.0.0/10')).toBe(true);
        const ports = portCandidates(path);
        expect(new Set(ports).size).toBe(64);
        expect(Math.min(...ports)).toBeGreaterThan(1023);
        expect(Math.max(...ports)).toBeLessThan(32_768);
      }),
    );
  });

  test('the first range that no route touches is taken, also when the route is wider or narrower', () => {
    const candidates = ['10.70.1.0/24', '10.70.2.0/24', '10.80.0.0/24'];
    expect(freeRange(candidates, [])).toBe('10.70.1.0/24');
    expect(freeRange(candidates, ['10.70.0.0/16'])).toBe('10.80.0.0/24');
    expect(freeRange(candidates, ['10.70.1.7'])).toBe('10.70.2.0/24');
    expect(freeRange(candidates, ['10.0.0.0/8'])).toBeUndefined();
  });

  test('routes of the host are read from iproute2, the default and IPv6 left out', () => {
    const routes = [
      { dst: 'default', gateway: '192.0.2.1' },
      { dst: '192.0.2.0/24' },
      { dst: 'fe80::/64' },
      { type: 'local', dst: '10.9.9.9' },
    ];
    expect(routedRanges(routes)).toEqual(['192.0.2.0/24', '10.9.9.9']);
  });

  test('addresses and hardware addresses are those of GCE', () => {
    expect(addressIn('10.77.12.0/24', 5)).toBe('10.77.12.5');
    expect(hardwareAddress('10.77.12.5')).toBe('42:01:0a:4d:0c:05');
  });
});

describe('managed Redis', () => {
  test('takes the first free of the addresses that are kept for it', () => {
    expect(freeSlot([])).toBe(3);
    expect(freeSlot(['10.77.12.3', '10.77.12.5'])).toBe(4);
    const all = [3, 4, 5, 6, 7, 8, 9].map((slot) => `10.77.12.${slot}`);
    expect(() => freeSlot(all)).toThrow(/7 managed Redis servers/);
  });

  test('takes the settings of Memorystore and no others', () => {
    expect(redisArguments('calls', { 'notify-keyspace-events': 'KEA' })).toEqual(
      expect.arrayContaining(['--notify-keyspace-events', 'KEA', '--save', '']),
    );
    expect(() => redisArguments('calls', { dir: '/etc' })).toThrow(/has no setting dir/);
  });
});
