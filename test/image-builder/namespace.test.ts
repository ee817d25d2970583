import { describe, expect, test } from 'vitest';
import { subordinateIds } from '../../image-builder/namespace.ts';

describe('subordinate ids', () => {
  const text = 'other:100000:65536\nsmall:165536:1000\nbuilder:200000:65536\n1007:300000:65535\n';

  test.each([
    ['by name', 'builder', 1000, { first: 200000, count: 65536 }],
    ['by number', 'seven', 1007, { first: 300000, count: 65535 }],
    ['too few for a tree', 'small', 1001, undefined],
    ['none', 'nobody', 65534, undefined],
  ])('%s', (_, user, uid, range) => {
    expect(subordinateIds(text, user, uid)).toEqual(range);
  });
});
