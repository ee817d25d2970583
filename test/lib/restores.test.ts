import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canShare, RESTORES, restoreOf } from '../../lib/restores.ts';
import { formatVersion } from '../../lib/version.ts';
import { isWithin } from '../../lib/version-range.ts';

const version = fc
  .tuple(fc.integer({ min: 3, max: 30 }), fc.nat(9), fc.nat(3), fc.nat(30))
  .map(formatVersion);

describe('what becomes of calls in Redis', () => {
  test.each([
    // Measured with real RTPEngines.
    ['mr10.5.3.5', 'mr10.5.3.5', 'restores'],
    ['mr12.5.1.31', 'mr12.5.1.31', 'restores'],
    ['mr13.4.1.10', 'mr26.0.1.26', 'restores'],
    ['mr26.2.1.1', 'mr13.4.1.10', 'restores'],
    ['mr10.5.3.5', 'mr12.5.1.31', 'deletes'],
    ['mr10.5.3.5', 'mr26.0.1.26', 'deletes'],
    ['mr12.5.1.31', 'mr13.4.1.10', 'deletes'],
    ['mr12.5.1.31', 'mr10.5.3.5', 'deletes'],
    ['mr13.4.1.10', 'mr12.5.1.31', 'restores-json'],
    // By the keys that the sources demand and write.
    ['mr11.1.1.3', 'mr11.1.1.4', 'deletes'],
    ['mr11.1.1.4', 'mr11.5.1.53', 'restores'],
    ['mr26.0.1.26', 'mr10.5.3.5', 'deletes'],
    // Nobody knows.
    ['mr11.5.1.53', 'mr12.0.1.1', 'unknown'],
    ['mr26.2.1.1', 'mr11.5.1.53', 'unknown'],
    ['mr9.5.1.1', 'mr9.5.1.1', 'unknown'],
    ['mr26.2.1.1', 'mr26.2.1.2', 'unknown'],
  ])('%s read by %s: %s', (from, to, kind) => {
    expect(restoreOf(from, to).kind).toBe(kind);
  });

  test('no pair is told by two lines of the table, and each names its source', () => {
    fc.assert(
      fc.property(version, version, (from, to) => {
        const rows = RESTORES.filter((row) => isWithin(from, row.from) && isWithin(to, row.to));
        expect(rows.length).toBeLessThanOrEqual(1);
        expect(restoreOf(from, to).source.length).toBeGreaterThan(10);
      }),
    );
  });

  test('two versions share a database only if neither deletes what the other wrote', () => {
    expect(canShare('mr13.4.1.10', 'mr26.0.1.26')).toBe(true);
    expect(canShare('mr13.4.1.10', 'mr12.5.1.31')).toBe(false);
    fc.assert(
      fc.property(version, version, (a, b) => {
        const kinds = [restoreOf(a, b).kind, restoreOf(b, a).kind];
        expect(canShare(a, b)).toBe(kinds.every((kind) => kind === 'restores'));
        expect(canShare(b, a)).toBe(canShare(a, b));
      }),
    );
  });
});
