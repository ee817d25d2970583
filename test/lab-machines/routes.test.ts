import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRoutes, routeChanges } from '../../lab/network/routes.ts';

const address = fc.integer({ min: 10, max: 254 }).map((host) => `10.70.1.${host}`);
const routes = fc.array(fc.tuple(address, address), { maxLength: 8 }).map((pairs) => new Map(pairs));

describe('routes to floating addresses', () => {
  test('are read from iproute2; the range itself is none of them', () => {
    const json = [
      { dst: '10.70.1.0/24', protocol: 'kernel', prefsrc: '10.70.1.1' },
      { dst: '10.70.1.50', gateway: '10.70.1.11' },
    ];
    expect(readRoutes(json)).toEqual(new Map([['10.70.1.50', '10.70.1.11']]));
  });

  test('become those that are wanted, whatever they were, and those that are right are left alone', () => {
    fc.assert(
      fc.property(routes, routes, (present, wanted) => {
        const changes = routeChanges('rf0', present, wanted);
        const after = new Map(present);
        for (const change of changes) {
          const [, verb, to = '', , via = ''] = change.split(' ');
          const one = to.replace('/32', '');
          if (verb === 'del') after.delete(one);
          else after.set(one, via);
          expect(present.get(one)).not.toBe(wanted.get(one));
        }
        expect(after).toEqual(wanted);
      }),
    );
  });
});
