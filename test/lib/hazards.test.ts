import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  drainHazardsOf,
  HAZARDS,
  hazardOptions,
  hazardsBetween,
  hazardsOf,
  STEP_HAZARDS,
  wordHazards,
} from '../../lib/hazards.ts';
import { formatVersion } from '../../lib/version.ts';

const ids = (hazards: readonly { readonly id: string }[]) => hazards.map(({ id }) => id);
const version = fc
  .tuple(fc.integer({ min: 3, max: 30 }), fc.nat(9), fc.nat(3), fc.nat(30))
  .map(formatVersion);

describe('hazards of a version', () => {
  test.each([
    ['mr9.3.1.8', ['reinvite-refused', 'delete-delay']],
    ['mr9.3.1.9', ['delete-delay']],
    ['mr9.4.1.1', ['delete-delay']],
    ['mr10.5.3.5', ['delete-delay']],
    ['mr12.5.1.31', ['delete-delay']],
    ['mr13.0.1.1', ['sdes-keys-lost', 'delete-delay']],
    ['mr13.1.1.1', ['sdes-keys-lost', 'empty-calls', 'delete-delay']],
    ['mr13.4.1.10', ['sdes-keys-lost', 'empty-calls', 'delete-delay']],
    ['mr13.5.1.3', ['sdes-keys-lost', 'empty-calls', 'delete-delay']],
    ['mr13.5.1.4', ['empty-calls', 'delete-delay']],
    ['mr14.0.1.1', ['sdes-keys-lost', 'empty-calls', 'delete-delay']],
    ['mr14.0.1.2', ['empty-calls', 'delete-delay']],
    ['mr26.2.1.1', ['empty-calls', 'delete-delay']],
  ])('%s', (tag, expected) => {
    expect(ids(hazardsOf(tag))).toEqual(expected);
  });

  test('while a relay is drained, what tells on a restore does not', () => {
    expect(ids(drainHazardsOf('mr13.4.1.10'))).toEqual(['empty-calls', 'delete-delay']);
    expect(ids(drainHazardsOf('mr9.3.1.8'))).toEqual(['reinvite-refused', 'delete-delay']);
  });

  test('calls are written as JSON just where the default format loses keys', () => {
    expect(hazardOptions('mr13.4.1.10')).toEqual({ 'redis-format': 'JSON' });
    expect(hazardOptions('mr13.5.1.4')).toEqual({});
    expect(hazardOptions('mr12.5.1.55')).toEqual({}); // it has no such option
  });
});

describe('hazards of a step', () => {
  test.each([
    ['mr10.5.3.5', 'mr12.5.1.31', ['restore-deletes']],
    ['mr12.5.1.31', 'mr10.5.3.5', ['restore-deletes']],
    ['mr11.5.1.53', 'mr12.5.1.31', ['restore-unknown']],
    ['mr12.5.1.31', 'mr13.4.1.10', ['restore-deletes']],
    ['mr10.5.3.5', 'mr26.0.1.22', ['restore-deletes', 'kernel-module-renamed']],
    ['mr13.4.1.10', 'mr12.5.1.40', ['restore-json']],
    ['mr26.0.1.22', 'mr12.5.1.40', ['restore-json', 'kernel-module-renamed-back']],
    ['mr13.4.1.10', 'mr10.5.3.5', ['restore-deletes']],
    ['mr14.0.1.1', 'mr12.5.1.40', ['restore-json']],
    ['mr13.4.1.10', 'mr26.0.1.22', ['kernel-module-renamed']],
    ['mr26.0.1.22', 'mr26.2.1.1', []],
    ['mr12.5.1.31', 'mr12.5.1.40', []],
  ])('%s to %s', (from, to, expected) => {
    expect(ids(hazardsBetween(from, to))).toEqual(expected);
  });

  test('staying on a version is never one', () => {
    fc.assert(
      fc.property(version, (tag) => {
        expect(hazardsBetween(tag, tag)).toEqual([]);
      }),
    );
  });

  test('at most one says what becomes of calls in Redis', () => {
    fc.assert(
      fc.property(version, version, (from, to) => {
        const restores = ids(hazardsBetween(from, to)).filter((id) => id.startsWith('restore-'));
        expect(restores.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('every way across mr13.0 is one', () => {
    fc.assert(
      fc.property(version, version, (from, to) => {
        const isAcross = Number.parseInt(from.slice(2), 10) < 13 !== Number.parseInt(to.slice(2), 10) < 13;
        fc.pre(isAcross);
        expect(ids(hazardsBetween(from, to)).some((id) => id.startsWith('restore-'))).toBe(true);
      }),
    );
  });
});

describe('the table', () => {
  test('names each hazard once and says what, what is done, and who says so', () => {
    const all = [...HAZARDS, ...STEP_HAZARDS];
    expect(new Set(ids(all)).size).toBe(all.length);
    for (const { what, remedy, source } of all)
      expect(Math.min(what.length, remedy.length, source.length)).toBeGreaterThan(5);
  });

  test('is worded in one line, or not at all', () => {
    expect(wordHazards('mr12.5.1.31', [])).toBeUndefined();
    const line = wordHazards('mr13.4.1.10', hazardsOf('mr13.4.1.10'));
    expect(line).toMatch(
      /^mr13\.4\.1\.10: SDES-SRTP keys are lost .*\(redis-format = JSON is set\); an offer /,
    );
    expect(line).not.toContain('\n');
  });
});
