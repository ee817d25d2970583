import { expect, test } from 'vitest';
import { loadFleet } from '../../../configs/load.ts';
import { handoverRefusals } from '../../../rollout/core/may-hand-over.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import { fleetOf, POLICY, stale } from '../support/fleets.ts';

const LAB = loadFleet('configs/fleets/lab.yaml');
const FILE = {
  ...LAB,
  network: { ...LAB.network, floatingAddresses: 'internal' as const },
  relays: { ...LAB.relays, perZone: 2 },
};
const policy: Policy = { ...POLICY, tail: 'hand-over', preCordon: 1 };
const version = 'mr12.5.1.31';
const FLEET = fleetOf(stale('a1', { version }), stale('a2', { version }));
const said = (...args: Parameters<typeof handoverRefusals>) =>
  handoverRefusals(...args).map(({ message }) => message);

test('a fleet whose relays can exchange calls may hand them over, and any other policy is not asked', () => {
  expect(said(FILE, FLEET, policy)).toEqual([]);
  expect(said(LAB, FLEET, POLICY)).toEqual([]);
});

test('refused in one sentence each: no floating addresses, no neighbour, no second relay that may be away, versions', () => {
  expect(said(LAB, FLEET, policy)).toEqual([
    'Live calls cannot go on elsewhere: relays of fleet lab have no floating addresses.',
  ]);
  const alone = { ...FILE, relays: { ...FILE.relays, perZone: 1 } };
  expect(said(alone, FLEET, policy)).toEqual([expect.stringMatching(/each zone has one relay/)]);
  expect(said(FILE, FLEET, { ...policy, preCordon: 0 })).toEqual([expect.stringMatching(/allows 1\.$/)]);
  const apart = fleetOf(stale('a1', { version: 'mr10.5.3.5' }), stale('a2', { version }));
  expect(said(FILE, apart, policy)).toEqual([
    expect.stringMatching(/^Live calls cannot go from RTPEngine mr10\.5\.3\.5 to mr12\.5\.1\.31 and back: /),
  ]);
  const untold = fleetOf(stale('a1', { version: undefined }), stale('a2', { version }));
  expect(said(FILE, untold, policy)).toEqual([expect.stringMatching(/one of the versions is not told/)]);
});
