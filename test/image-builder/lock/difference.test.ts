import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changesOf, poolOf, wordChanges, wordSystem } from '../../../image-builder/lock/difference.ts';
import { deb, SYSTEM } from './support/locks.ts';

describe('the difference of two locks', () => {
  test('says so when nothing changed', () => {
    expect(wordChanges(SYSTEM, structuredClone(SYSTEM))).toBe('nothing changed');
  });

  test('names what came, what went, and old and new version, tree by tree', () => {
    const image = { ...SYSTEM.image, packages: [deb('bash', '5.3'), deb('zstd', '1')] };
    const build = { include: ['gcc'], packages: [deb('gcc', '14')] };
    expect(wordChanges(SYSTEM, { ...SYSTEM, image, build })).toBe(
      'image\n  ~ bash 5.2 → 5.3\n  - curl 8\n  + zstd 1\ntree for compiling\n  + gcc 14',
    );
  });

  test('another file under the same version is a change', () => {
    const packages = [deb('bash', '5.2', 'f'.repeat(64)), deb('curl', '8', 'b'.repeat(64))];
    expect(wordChanges(SYSTEM, { ...SYSTEM, image: { ...SYSTEM.image, packages } })).toContain(
      '~ bash 5.2 → 5.2, another file',
    );
  });

  test('names the compiled packages as well', () => {
    const image = { ...SYSTEM.image, own: [{ name: 'rtpengine-daemon', version: '13' }] };
    expect(wordChanges(SYSTEM, { ...SYSTEM, image })).toContain('+ rtpengine-daemon 13');
  });

  test('applied to the old list gives the new one', () => {
    const list = fc
      .uniqueArray(fc.tuple(fc.constantFrom(...'abcdef'), fc.constantFrom('1', '2')), {
        selector: ([name]) => name,
      })
      .map((items) => items.map(([name, version]) => ({ name, version })));
    fc.assert(
      fc.property(list, list, (before, after) => {
        const result = new Map<string, string>(before.map(({ name, version }) => [name, version]));
        for (const change of changesOf(before, after)) {
          if (change.kind === 'removed') result.delete(change.name);
          else result.set(change.name, change.kind === 'changed' ? change.to : change.version);
        }
        expect(result).toEqual(new Map(after.map(({ name, version }) => [name, version])));
      }),
    );
  });
});

test('a lock is summed up by its trees', () => {
  expect(wordSystem(SYSTEM)).toBe('debian-13: packages: 2 of the image, 1 of the tools tree');
});

test('the pool holds the packages of every tree that there is, each file once', () => {
  const build = { include: ['gcc'], packages: [deb('gcc', '14', 'e'.repeat(64)), deb('bash', '5.2')] };
  const names = poolOf([SYSTEM.image, undefined, SYSTEM.tools, build]).map(({ name }) => name);
  expect(names.toSorted()).toEqual(['bash', 'curl', 'gcc']);
  expect(poolOf([undefined])).toEqual([]);
});
