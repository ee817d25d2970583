import { expect, test } from 'vitest';
import { foreseen, outlook } from '../../rollout/foresee.ts';
import { fleetOf, NOW, POLICY, serving, stale, thrice } from './support/fleets.ts';

test('a run says what goes wrong between the versions, and that it cannot end, before it begins', () => {
  const two = fleetOf(stale('a1'), stale('b1'));
  expect(foreseen(two, POLICY, [], NOW)).toEqual([
    expect.stringMatching(/^hazard of mr10.5.3.5 to mr12.5.1.31: /),
    expect.stringMatching(/^hazard of mr10.5.3.5: an ended call counts as a call/),
  ]);
  expect(foreseen(two, { ...POLICY, reserve: 'relay' }, [], NOW).at(-1)).toMatch(
    /^as things are, this run would be held with 0 relays replaced: .*1 relay carries 1000 calls, 0 without one more relay/,
  );
  const soon = { ...POLICY, until: NOW + 400_000 };
  const three = fleetOf(stale('a1'), stale('b1'), stale('c1'));
  expect(foreseen(three, soon, [], NOW).at(-1)).toMatch(
    /held with 1 relay replaced: .*nothing is begun after/,
  );
  expect(foreseen(fleetOf(serving('a1')), POLICY, [{ kind: 'warn', message: 'x', next: 'Y.' }], NOW)).toEqual(
    [],
  );
  expect(foreseen(two, POLICY, [{ kind: 'warn', message: 'x', next: 'Y.' }], NOW)).toContain('x Y.');
});

test('a VM that could not be made again is a reason to touch nothing; a warning is none', () => {
  const two = fleetOf(stale('a1'), stale('b1'));
  const [warn, stop] = (['warn', 'stop'] as const).map((kind) => ({
    kind,
    message: `a ${kind}`,
    next: 'Mend it.',
  }));
  expect(outlook(two, POLICY, warn === undefined ? [] : [warn], NOW).refusals).toEqual([]);
  expect(outlook(two, POLICY, stop === undefined ? [] : [stop], NOW).refusals).toEqual([
    { message: 'a stop', next: 'Mend it.' },
  ]);
});

test('a run of thousands is tried too, and one that would take too long to try is said to be tried in part', () => {
  const many = (count: number) =>
    fleetOf(
      ...Array.from({ length: count }, (_, index) =>
        stale(`${'abc'.charAt(index % 3)}${index}`, { looks: thrice({ own: 1 }) }),
      ),
    );
  const end = (count: number, policy: Partial<typeof POLICY>) =>
    foreseen(many(count), { ...POLICY, ...policy }, [], NOW).filter((line) => !line.startsWith('hazard'));
  expect(end(900, { maxUnavailable: '25%' })).toEqual([]);
  expect(end(900, { maxUnavailable: '25%', until: NOW + 400_000 })).toEqual([
    expect.stringMatching(/^as things are, this run would be held with \d+ relays replaced/),
  ]);
  expect(end(450, { maxUnavailable: 1 })).toEqual([
    expect.stringMatching(
      /^this run was tried for its first \d+ relays only, which go well; rollout plan tries all$/,
    ),
  ]);
});
