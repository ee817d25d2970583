import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Consent,
  consented,
  consentOf,
  readConsent,
  underConsent,
} from '../../../rollout/core/consent.ts';
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

const KINDS = ['go', 'wait', 'no'] as const;
const said = (kind: (typeof KINDS)[number]): Consent => (kind === 'go' ? { kind } : { kind, because: kind });

test('whatever gates said and whenever, a relay is cordoned only on a fresh go that was asked for it', () => {
  const names = ['a1', 'a2', 'a3'];
  const actions = plan(
    fleetOf(...names.map((name) => stale(name)), stale('b1'), stale('b2')),
    { ...POLICY, maxUnavailable: 3 },
    NOW,
  );
  expect(actions.map(({ kind }) => kind)).toEqual(['cordon', 'cordon', 'cordon']);
  fc.assert(
    fc.property(
      fc.option(
        fc.record({ relays: fc.subarray(names), kind: fc.constantFrom(...KINDS), ago: fc.nat(20_000) }),
      ),
      (last) => {
        const answer =
          last === null
            ? undefined
            : { relays: new Set(last.relays), said: said(last.kind), at: NOW - last.ago };
        const asking = consented(actions, answer, NOW);
        const passed = asking.actions.flatMap((one) => (one.kind === 'cordon' ? [one.relay.name] : []));
        const isFresh = last !== null && last.ago < 10_000;
        expect(passed).toEqual(isFresh && last.kind === 'go' ? last.relays : []);
        expect(asking.isUsed).toBe(passed.length > 0);
        // Never neither: what is not let pass is asked for, was refused, or is told to wait.
        expect(asking.ask).toEqual(passed.length > 0 || (isFresh && last.kind !== 'go') ? [] : names);
        expect(asking.actions.length).toBeGreaterThan(0);
      },
    ),
  );
});

test('while it is asked again, what a gate said last is what is waited for', () => {
  const actions = plan(fleetOf(stale('a1'), stale('b1')), POLICY, NOW);
  const because = (answer: Parameters<typeof consented>[1]) =>
    consented(actions, answer, NOW).actions.map((action) => action.because);
  expect(because(undefined)).toEqual(['the gates are asked about a1']);
  const old = {
    relays: new Set(['a1']),
    said: { kind: 'wait', because: 'a match is on' },
    at: NOW - 60_000,
  } as const;
  expect(because(old)).toEqual(['a match is on']);
});

test('what is no cordon needs no gate', () => {
  const actions = plan(fleetOf(draining('a1'), stale('b1')), POLICY, NOW);
  const answer = { relays: new Set<string>(), said: { kind: 'no', because: 'n' }, at: NOW } as const;
  expect(consented(actions, answer, NOW)).toEqual({ actions, ask: [], isUsed: false });
});
