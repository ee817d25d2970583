import { describe, expect, it } from 'vitest';
import { PROGRAMS } from '../../../lab/programs.ts';
import { ALWAYS_THERE, isPurpose, missing, NEEDS } from '../../../scripts/setup/purposes.mjs';

describe('missing', () => {
  it('is empty on a machine that has everything', () => {
    expect(missing('test', () => true)).toEqual([]);
  });

  it('names only what the purpose needs', () => {
    const packages = (purpose: 'rollout' | 'check' | 'image' | 'boot') =>
      missing(purpose, () => false).map((need) => need.package);
    expect(packages('rollout')).toEqual([]);
    expect(packages('check')).toEqual(['shellcheck']);
    expect(packages('image')).toContain('mmdebstrap');
    expect(packages('image')).not.toContain('redis-server');
    expect(packages('image')).not.toContain('ovmf');
    expect(packages('boot')).toEqual(expect.arrayContaining(['ovmf', 'qemu-system-x86', 'dnsmasq-base']));
  });

  it('gives tests all that the demo needs', () => {
    const demo = missing('demo', () => false);
    expect(missing('test', () => false)).toEqual(expect.arrayContaining([...demo]));
  });

  it('leaves out what is there', () => {
    const lacks = missing('lab', (program) => program !== 'ip');
    expect(lacks.map((need) => need.package)).toEqual(['iproute2']);
  });
});

describe('the table', () => {
  it('names each program once', () => {
    const programs = NEEDS.map((need) => need.program);
    expect(programs).toEqual([...new Set(programs)]);
  });

  it('brings every program that the lab looks for before it starts', () => {
    const brought = missing('lab', () => false).map((need) => need.package);
    const wanted = Object.values(PROGRAMS).filter((name) => !ALWAYS_THERE.includes(name));
    expect(brought).toEqual(expect.arrayContaining(wanted));
  });

  it('knows purposes from other words', () => {
    expect(isPurpose('demo')).toBe(true);
    expect(isPurpose('toString')).toBe(false);
  });
});
