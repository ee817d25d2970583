import { expect, test } from 'vitest';
import { previousTemplate } from '../../../rollout/core/rollback.ts';
import { draining, fleetOf, serving, stale } from '../support/fleets.ts';

test('a rollback goes back to the one template that relays still run', () => {
  expect(previousTemplate(fleetOf(serving('a1'), draining('a2'), stale('b1')))).toEqual({
    kind: 'found',
    template: 'old',
  });
});

test('what the fleet does not tell is asked for, with what there is', () => {
  expect(previousTemplate(fleetOf(serving('a1'), serving('b1')))).toEqual({
    kind: 'unclear',
    because: 'every relay runs what its group wants',
    templates: ['new'],
  });
  expect(previousTemplate(fleetOf(stale('a1'), stale('b1', { template: 'older' })))).toMatchObject({
    because: 'its relays run several other templates',
    templates: ['old', 'older'],
  });
  const fleet = fleetOf(stale('a1'), stale('b1'));
  const half = fleet.targets.map((target, index) => (index === 0 ? { ...target, template: 'old' } : target));
  expect(previousTemplate({ ...fleet, targets: half })).toMatchObject({
    because: 'its groups want different templates',
    templates: ['new', 'old'],
  });
});
