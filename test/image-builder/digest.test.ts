import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bareCode, digestOf, uuidFrom } from '../../image-builder/digest.ts';

describe('digests', () => {
  test('do not depend on the order of keys, but on everything else', () => {
    expect(digestOf({ a: 1, b: [1, 2] })).toBe(digestOf({ b: [1, 2], a: 1 }));
    expect(digestOf({ a: 1, b: [1, 2] })).not.toBe(digestOf({ a: 1, b: [2, 1] }));
    expect(digestOf({ a: '1' })).not.toBe(digestOf({ a: 1 }));
  });

  test('tell any two values apart', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        expect(digestOf({ value: a as never }) === digestOf({ value: b as never }) || !same).toBe(true);
      }),
    );
  });

  test('identifiers of a disk are UUIDs that only seed and purpose decide', () => {
    const uuid = uuidFrom('seed', 'root');
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidFrom('seed', 'root')).toBe(uuid);
    expect(uuidFrom('seed', 'esp')).not.toBe(uuid);
    expect(uuidFrom('other', 'root')).not.toBe(uuid);
  });

  test('of code: a reworded comment is no change, a changed word is one', () => {
    const code = '/** Makes it. */\nexport const a = 1; // first\n// note\n';
    expect(bareCode(code)).toBe(bareCode('/** Makes\n * it well. */\n  export const a = 1; // first\n'));
    expect(bareCode(code)).not.toBe(bareCode(code.replace('1', '2')));
  });
});
