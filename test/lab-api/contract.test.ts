import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter } from '../../lab/contract/router.ts';
import { validate } from '../../lab/contract/validate.ts';
import { loadContract } from '../../lab/contract.ts';
import { SUPPORTED } from '../../lab/http/compute.ts';

const contract = loadContract();
const router = createRouter(contract);
const texts = (type: string, value: unknown) => validate(contract, type, value).map(({ text }) => text);

describe('the contract', () => {
  it('has every route of the package, and every method that the lab supports is one of them', () => {
    expect(contract.routes.length).toBeGreaterThan(1000);
    const names = new Set(contract.routes.map(({ name }) => name));
    expect(SUPPORTED.filter((name) => !names.has(name))).toEqual([]);
  });

  it('finds each route by a path made from it, whatever the names in it', () => {
    const names = fc.stringMatching(/^[a-z][-a-z0-9]{0,20}$/);
    fc.assert(
      fc.property(fc.constantFrom(...contract.routes), names, (route, name) => {
        const path = route.path.replace(/\{\w+(?:=([^}]+))?\}/g, (_all, shape = '*') =>
          (shape as string).replaceAll('*', name),
        );
        expect(router(route.verb.toUpperCase(), path)?.route.name).toBe(route.name);
      }),
    );
  });

  it('knows enum values that are listed only in comments', () => {
    const policy = contract.messages.get('InstanceGroupManagerUpdatePolicy');
    expect(policy?.get('type')?.values).toEqual(new Set(['OPPORTUNISTIC', 'PROACTIVE']));
    expect(policy?.get('minimalAction')?.values).toEqual(new Set(['NONE', 'REFRESH', 'REPLACE', 'RESTART']));
  });
});

describe('the validator', () => {
  it.each([
    [
      'an unknown field',
      { updatePolicy: { maxUnavailable: { pct: 3 } } },
      /Unknown name "pct" at 'resource.updatePolicy.maxUnavailable'/,
    ],
    [
      'a value outside its enum',
      { updatePolicy: { replacementMethod: 'RECREATED' } },
      /Acceptable values are: RECREATE, SUBSTITUTE/,
    ],
    [
      'an object where a list belongs',
      { autoHealingPolicies: {} },
      /'resource.autoHealingPolicies'.*Expected array/,
    ],
    ['text where a number belongs', { targetSize: 'abc' }, /'resource.targetSize'.*Expected int32/],
    ['a number where text belongs', { name: 3 }, /'resource.name'.*Expected string/],
    ['a number beyond 32 bits', { targetSize: 2 ** 40 }, /'resource.targetSize'/],
  ])('refuses %s', (_what, value, sentence) => {
    expect(texts('InstanceGroupManager', value)).toEqual([expect.stringMatching(sentence)]);
  });

  it('takes 64-bit integers as text or number, maps, and null to clear a field', () => {
    expect(texts('Image', { diskSizeGb: '12', labels: { a: 'b' } })).toEqual([]);
    expect(texts('Image', { diskSizeGb: 12 })).toEqual([]);
    expect(texts('InstanceGroupManager', { statefulPolicy: null, autoHealingPolicies: [] })).toEqual([]);
    expect(texts('Image', { labels: { a: 1 } })).toHaveLength(1);
  });

  it('names every problem, not the first alone', () => {
    expect(texts('Image', { nmae: 'x', diskSizeGb: 'much', labels: [] })).toHaveLength(3);
  });
});
