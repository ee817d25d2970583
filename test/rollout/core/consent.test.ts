import { expect, test } from 'vitest';
import { consentOf, readConsent, underConsent } from '../../../rollout/core/consent.ts';
import { plan } from '../../../rollout/core/plan.ts';
import { draining, fleetOf, NOW, POLICY, stale } from '../support/fleets.ts';

test.each([
  [{ decision: 'go' }, { kind: 'go' }],
  [
    { decision: 'wait', because: 'a match is on' },
    { kind: 'wait', because: 'x says wait: a match is on' },
  ],
  [{ decision: 'no' }, { kind: 'no', because: 'x says no' }],
  [{ decision: 'yes' }, { kind: 'wait', because: 'x answers without a decision' }],
  [null, { kind: 'wait', because: 'x answers without a decision' }],
])('an answer of a gate: %j', (body, consent) => {
  expect(readConsent(body, 'x')).toEqual(consent);
});

test('one no is a no, else one wait is a wait', () => {
  const [no, wait] = [{ kind: 'no', because: 'n' } as const, { kind: 'wait', because: 'w' } as const];
  expect(consentOf([{ kind: 'go' }, wait, no])).toBe(no);
  expect(consentOf([{ kind: 'go' }, wait])).toBe(wait);
  expect(consentOf([])).toEqual({ kind: 'go' });
});

test('a gate that waits holds back cordons alone; one that says no ends the run', () => {
  const fleet = fleetOf(draining('a1'), stale('a2'), stale('b1'));
  const actions = plan(fleet, { ...POLICY, maxUnavailable: 2 }, NOW);
  const kinds = (kind: 'wait' | 'no') =>
    underConsent(actions, { kind, because: 'w' }).map((action) => `${action.kind}: ${action.because}`);
  expect(actions.map(({ kind }) => kind)).toEqual(['hold', 'cordon']);
  expect(kinds('wait')).toEqual(['hold: 2 calls left', 'hold: w']);
  expect(kinds('no')).toEqual(['halt: w']);
});
