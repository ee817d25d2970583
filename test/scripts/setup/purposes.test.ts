import { describe, expect, it } from 'vitest';
import { isPurpose, missing, NEEDS } from '../../../scripts/setup/purposes.mjs';

describe('missing', () => {
  it('is empty on a machine that has everything', () => {
    expect(missing('test', () => true)).toEqual([]);
  });

  it('names only what the purpose needs', () => {
    const packages = (purpose: 'rollout' | 'check' | 'image') =>
      missing(purpose, () => false).map((need) => need.package);
    expect(packages('rollout')).toEqual([]);
    expect(packages('check')).toEqual(['shellcheck']);
    expect(packages('image')).toContain('mmdebstrap');
    expect(packages('image')).not.toContain('redis-server');
  });

  it('gives tests all that the demo needs', () => {
    const demo = missing('demo', () => false);
    expect(missing('test', () => false)).toEqual(expect.arrayContaining([...demo]));
  });

  it('leaves out what is there', () => {
    const lacks = missing('lab', (program) => program !== 'nft');
    expect(lacks.map((need) => need.package)).toEqual(['nftables']);
  });
});

describe('the table', () => {
  it('names each program once', () => {
    const programs = NEEDS.map((need) => need.program);
    expect(programs).toEqual([...new Set(programs)]);
  });

  it('knows purposes from other words', () => {
    expect(isPurpose('demo')).toBe(true);
    expect(isPurpose('toString')).toBe(false);
  });
});
