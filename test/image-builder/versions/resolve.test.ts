import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearestTags, releaseTags, resolveTag } from '../../../image-builder/versions/resolve.ts';
import { compareVersions, formatVersion, parseVersion } from '../../../lib/version.ts';

/** Every tag that upstream had on 2026-11-21; names only. */
const UPSTREAM_TAGS = readFileSync(join(import.meta.dirname, 'data/upstream-tags.txt'), 'utf8')
  .trim()
  .split('\n');
const RELEASES = releaseTags(UPSTREAM_TAGS);

const tag = fc.constantFrom(...UPSTREAM_TAGS);
const anyVersion = fc
  .array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 4 })
  .map((numbers) => formatVersion(numbers));

/** The message it is refused with. */
function refusal(wanted: string, tags: readonly string[]): string {
  try {
    return `resolved to ${resolveTag(wanted, tags, 'the mirror')}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("upstream's real tags", () => {
  test.each([
    ['mr13.4.1.10', 'mr13.4.1.10'],
    ['mr13.4.1', 'mr13.4.1.10'],
    ['mr13.4', 'mr13.4.1.10'],
    ['mr13', 'mr13.5.1.25'],
    ['mr26.0', 'mr26.0.1.22'],
    ['latest', 'mr26.2.1.1'],
  ])('%s is %s', (wanted, found) => {
    expect(resolveTag(wanted, UPSTREAM_TAGS, 'upstream')).toBe(found);
  });

  test.each([
    ['mr13.4.2', 'mr13.4.2: no such tag upstream; nearest: mr13.4.1.10, mr13.5.1.25'],
    ['mr13.4.1.99', 'mr13.4.1.99: no such tag upstream; nearest: mr13.4.1.10, mr13.5.1.25'],
    ['mr99', 'mr99: no such tag upstream; nearest: mr26.2.1.1'],
  ])('%s is refused and never replaced', (wanted, message) => {
    expect(refusal(wanted, UPSTREAM_TAGS)).toBe(message);
  });

  test('a tag means itself or, where others begin with it, the newest of those', () => {
    fc.assert(
      fc.property(tag, (name) => {
        const found = resolveTag(name, UPSTREAM_TAGS, 'upstream');
        expect(found === name || found.startsWith(`${name}.`)).toBe(true);
        expect(parseVersion(name)?.length === 4 ? found : name).toBe(name);
      }),
    );
  });

  test('the order is total and strict: no two tags are equal, sorting does not depend on the order before', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(UPSTREAM_TAGS), (some) => {
        expect(releaseTags(some)).toEqual(RELEASES.filter((name) => some.includes(name)));
      }),
      { numRuns: 30 },
    );
    for (const [place, name] of RELEASES.entries())
      expect(compareVersions(RELEASES[place - 1] ?? 'mr0', name)).toBeLessThan(0);
  });
});

describe('any version', () => {
  test('is found among the tags that begin with it, the newest, or refused with tags that exist', () => {
    fc.assert(
      fc.property(anyVersion, fc.subarray(UPSTREAM_TAGS), (wanted, tags) => {
        const own = releaseTags(tags).filter((name) => name === wanted || name.startsWith(`${wanted}.`));
        const words = refusal(wanted, tags);
        if (own.length > 0) expect(words).toBe(`resolved to ${own.at(-1)}`);
        else expect(words).toContain(tags.length === 0 ? 'no release tag at all' : 'no such tag upstream');
      }),
    );
  });

  test('has its neighbours named: one before it, one after it, both real', () => {
    fc.assert(
      fc.property(anyVersion, (wanted) => {
        const near = nearestTags(wanted, RELEASES);
        expect(near.every((name) => RELEASES.includes(name))).toBe(true);
        const before = near.filter((name) => compareVersions(name, wanted) < 0);
        expect(before).toEqual(RELEASES.filter((name) => compareVersions(name, wanted) < 0).slice(-1));
      }),
    );
  });

  test('tags that are no releases do not count', () => {
    expect(resolveTag('latest', ['mr1.2.3.4', 'v99', 'mr9.9-rc1', 'latest'], 'x')).toBe('mr1.2.3.4');
    expect(refusal('latest', ['v99'])).toBe('latest: the mirror has no release tag at all');
  });
});
