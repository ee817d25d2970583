import { describe, expect, test } from 'vitest';
import type { Relay } from '../../../rollout/core/fleet.ts';
import { everywhere, previousTemplates, type Template } from '../../../rollout/core/rollback.ts';
import { draining, fleetOf, serving, stale } from '../support/fleets.ts';

function template(name: string, make = name, place = 'here', createdAt = 0): Template {
  return { name, make, place, createdAt };
}

const ALL = [template('new'), template('old'), template('older')];
const found = (targets: Readonly<Record<string, string>>) => ({
  kind: 'found',
  targets: new Map(Object.entries(targets)),
});

test('a rollback goes back to the one template that relays still run', () => {
  const fleet = fleetOf(serving('a1'), draining('a2'), stale('b1'));
  expect(previousTemplates(fleet, ALL)).toEqual(found({ a: 'old', b: 'old' }));
});

test('what the fleet does not tell is asked for, with what there is', () => {
  expect(previousTemplates(fleetOf(serving('a1'), serving('b1')), ALL)).toEqual({
    kind: 'unclear',
    because: 'every relay runs what its group wants',
    templates: ['new'],
  });
  const several = fleetOf(stale('a1'), stale('b1', { template: 'older' }));
  expect(previousTemplates(several, ALL)).toMatchObject({
    because: 'its relays run several other templates',
    templates: ['old', 'older'],
  });
  const fleet = fleetOf(stale('a1'), stale('b1'));
  const half = fleet.targets.map((target, index) => (index === 0 ? { ...target, template: 'old' } : target));
  expect(previousTemplates({ ...fleet, targets: half }, ALL)).toMatchObject({
    because: 'its groups want different templates',
    templates: ['new', 'old'],
  });
});

test('a template that is gone cannot be gone back to', () => {
  const fleet = fleetOf(serving('a1'), stale('b1'));
  expect(previousTemplates(fleet, [template('new')])).toEqual({
    kind: 'unclear',
    because: 'zone a has no template like old',
    templates: ['new', 'old'],
  });
});

describe('zones whose templates differ by their place', () => {
  const PLACED = [
    template('new-a', 'new', 'a'),
    template('new-b', 'new', 'b'),
    template('old-a', 'old', 'a', 1),
    template('old-b', 'old', 'b', 1),
    template('old-b-later', 'old', 'b', 2),
    template('old-c', 'old', 'c', 3),
  ];
  const placed = (...relays: readonly Relay[]) => {
    const fleet = fleetOf(...relays);
    const targets = fleet.targets.map((target) => ({ ...target, template: `new-${target.zone}` }));
    return { ...fleet, targets };
  };

  test('each goes back to its own, also one that no relay runs any more', () => {
    const fleet = placed(
      serving('a1', { template: 'new-a' }),
      stale('a2', { template: 'old-a' }),
      serving('b1', { template: 'new-b' }),
    );
    expect(previousTemplates(fleet, PLACED)).toEqual(found({ a: 'old-a', b: 'old-b-later' }));
  });

  test('what relays of a zone still run is rather gone back to than a later one like it', () => {
    const fleet = placed(stale('a1', { template: 'old-a' }), stale('b1', { template: 'old-b' }));
    expect(previousTemplates(fleet, PLACED)).toEqual(found({ a: 'old-a', b: 'old-b' }));
  });

  test('a template that a person names stands for those like it in other zones', () => {
    const fleet = placed(serving('a1', { template: 'new-a' }), serving('b1', { template: 'new-b' }));
    expect(everywhere(fleet, PLACED, 'old-b')).toEqual(found({ a: 'old-a', b: 'old-b' }));
    expect(everywhere(fleet, PLACED, 'old-c')).toEqual(found({ a: 'old-a', b: 'old-b-later' }));
    const few = PLACED.filter(({ name }) => name !== 'old-a');
    expect(everywhere(fleet, few, 'old-b')).toMatchObject({ because: 'zone a has no template like old-b' });
  });
});
