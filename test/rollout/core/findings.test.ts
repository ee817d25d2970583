import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Evidence, findings } from '../../../rollout/core/findings.ts';
import type { Fleet, SelfReport } from '../../../rollout/core/fleet.ts';
import {
  cordonOf,
  draining,
  fleetOf,
  joining,
  NOW,
  POLICY,
  replacing,
  SILENCE,
  serving,
  stale,
  thrice,
} from '../support/fleets.ts';

const GOOD: SelfReport = { version: 'mr12.5.1.31', health: { ok: true, failed: [] } };

/** `zone relay kind: message`, all reports good unless told otherwise. */
function found(fleet: Fleet, over: Partial<Evidence> = {}): readonly string[] {
  const reports = new Map(
    fleet.relays.map(({ name, version }) => [name, { ...GOOD, version } satisfies SelfReport]),
  );
  const evidence = { fleet, reports, leftovers: [], leftOut: [], run: undefined, ...over };
  return findings(evidence, POLICY).map(({ kind, relay, zone }) => `${kind} ${relay ?? zone}`);
}

test('a fleet that serves has no finding', () => {
  expect(found(fleetOf(serving('a1'), serving('b1')))).toEqual([]);
});

test('a relay that was forgotten is found, and so is its dark zone', () => {
  const forgotten = serving('a1', { cordon: cordonOf(), looks: thrice({ limit: 0 }) });
  expect(found(fleetOf(forgotten, serving('b1')))).toEqual(['dark-zone a', 'cordoned a1']);
  expect(found(fleetOf(forgotten, serving('a2')))).toEqual(['cordoned a1']);
  const [finding] = findings(
    {
      fleet: fleetOf(forgotten, serving('a2')),
      reports: new Map([['a1', GOOD]]),
      leftovers: [],
      leftOut: [],
      run: undefined,
    },
    POLICY,
  );
  expect(finding?.message).toContain('by r1, and no such rollout is on');
  expect(finding?.next).toContain('rollout uncordon a1');
});

test('a relay that somebody wanted forced is found once no rollout is on, silent or not', () => {
  for (const looks of [thrice({ limit: 0 }), [SILENCE, SILENCE, SILENCE]]) {
    const fleet = fleetOf(draining('a1', { forcedBy: 'ann', looks }), serving('a2'));
    expect(found(fleet)).toContain('forced a1');
    expect(found(fleet, { run: 'r2' })).not.toContain('forced a1');
  }
});

test('what the rollout that is on has under way is no finding; a cordon by hand still is', () => {
  const fleet = fleetOf(draining('a1'), replacing('a2'), joining('a3'), stale('a4'), serving('a5'));
  expect(found(fleet, { run: 'r1' })).toEqual([]);
  expect(found(fleet)).toEqual([
    'cordoned a1',
    'off-target a1',
    'changing a2',
    'not-admitted a3',
    'off-target a4',
  ]);
  const parked = serving('a1', { cordon: cordonOf({ by: 'hand-ann' }), looks: thrice({ limit: 0 }) });
  expect(found(fleetOf(parked, serving('a2')), { run: 'r1' })).toEqual(['cordoned a1']);
});

test('a zone whose only relay the rollout that is on has under way is not told as dark; any other is', () => {
  for (const busy of [draining('a1'), replacing('a1'), joining('a1')]) {
    expect(found(fleetOf(busy, serving('b1')), { run: 'r1' })).toEqual([]);
    expect(found(fleetOf(busy, serving('b1')))).toContain('dark-zone a');
  }
  const parked = serving('a1', { cordon: cordonOf({ by: 'hand-ann' }), looks: thrice({ limit: 0 }) });
  expect(found(fleetOf(parked, serving('b1')), { run: 'r1' })).toEqual(['dark-zone a', 'cordoned a1']);
  expect(found({ ...fleetOf(serving('b1')), zones: ['a', 'b'] }, { run: 'r1' })).toEqual(['dark-zone a']);
});

test('a cordon that RTPEngine forgot, and one that nobody wrote down, are told apart', () => {
  const lost = serving('a1', { cordon: cordonOf() });
  const shut = serving('a2', { looks: thrice({ limit: 0 }) });
  expect(found(fleetOf(lost, shut, serving('a3')))).toEqual(['cordon-lost a1', 'not-admitted a2']);
});

test('an admitting relay whose group would cordon it at its next boot is found', () => {
  expect(found(fleetOf(serving('a1', { awaitsController: true }), serving('a2')))).toEqual(['leftover a1']);
  const leftovers = [{ zone: 'a', name: 'a9', kind: 'configuration' as const }];
  expect(found(fleetOf(serving('a1')), { leftovers })).toEqual(['leftover a9']);
  const next = (kind: 'configuration' | 'metadata') => {
    const given = { leftovers: [{ zone: 'a', name: 'a1', kind }], leftOut: [], run: undefined };
    const fleet = fleetOf(serving('a1'));
    return findings({ fleet, reports: new Map([['a1', GOOD]]), ...given }, POLICY).map((one) => one.next);
  };
  expect(next('configuration')).toEqual([expect.stringContaining('instance-configs delete')]);
  expect(next('metadata')).toEqual([expect.stringContaining('update-instances')]);
});

test('silence, bad health and a version that is not its template’s are found', () => {
  const away = serving('a1', { looks: [SILENCE] });
  expect(found(fleetOf(away, serving('a2')))).toEqual(['silent a1']);
  const fleet = fleetOf(serving('a1'), serving('a2'), serving('a3'));
  const reports = new Map<string, SelfReport>([
    ['a1', { ...GOOD, health: { ok: false, failed: ['redis (no answer)'] } }],
    ['a2', { ...GOOD, version: 'mr12.5.1.30' }],
  ]);
  expect(found(fleet, { reports })).toEqual(['unhealthy a1', 'wrong-version a2', 'unhealthy a3']);
  const untuned = new Map([['a1', { ...GOOD, tuning: { ok: false, failed: ['rmem_max is 1'] } }]]);
  expect(
    found(fleetOf(serving('a1'), serving('a2')), { reports: new Map([['a2', GOOD], ...untuned]) }),
  ).toEqual(['unhealthy a1']);
});

test('never silent about a relay that takes no calls while no rollout is on', () => {
  const kinds = [stale, draining, serving, joining, replacing] as const;
  const anyRelay = fc.record({
    kind: fc.constantFrom(...kinds),
    limit: fc.constantFrom(-1, 0, 400),
    cordoned: fc.boolean(),
    awaits: fc.boolean(),
    silent: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(anyRelay, { minLength: 1, maxLength: 6 }), (told) => {
      const relays = told.map(({ kind, limit, cordoned, awaits, silent }, index) => {
        const relay = kind(`a${index}`);
        if (relay.vm.state === 'changing') return relay;
        const looks = silent ? [SILENCE] : thrice({ limit });
        return { ...relay, looks, cordon: cordoned ? cordonOf() : undefined, awaitsController: awaits };
      });
      const names = found(fleetOf(...relays)).map((text) => text.split(' ')[1]);
      for (const { name, looks } of relays) {
        const newest = looks.at(-1);
        if (newest?.kind !== 'answer' || newest.limit === 0) expect(names).toContain(name);
      }
    }),
  );
});

test('times are told as they are on the label', () => {
  const relay = serving('a1', { cordon: cordonOf({ at: NOW }), looks: thrice({ limit: 0 }) });
  const evidence = {
    fleet: fleetOf(relay),
    reports: new Map([['a1', GOOD]]),
    leftovers: [],
    leftOut: [],
    run: undefined,
  };
  expect(findings(evidence, POLICY).at(-1)?.message).toContain(new Date(NOW).toISOString());
});

test('a relay that takes calls and is switched off in a proxy is found; one that is cordoned is not told twice', () => {
  const leftOut = ['a1', 'a2'].map((relay) => ({ relay, proxy: 'Kamailio at http://k' }));
  const cordoned = serving('a2', { cordon: cordonOf(), looks: thrice({ limit: 0 }) });
  expect(found(fleetOf(serving('a1'), cordoned), { leftOut })).toEqual(['off-in-proxy a1', 'cordoned a2']);
});
