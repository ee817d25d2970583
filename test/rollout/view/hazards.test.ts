import { expect, test } from 'vitest';
import { hazardLines, runningHazards } from '../../../rollout/view/hazards.ts';

const relay = (zone: string, version?: string) => ({ relay: { zone }, version });

test('each different step of a fleet is said once', () => {
  const targets = [
    { zone: 'a', version: 'mr13.4.1.10' },
    { zone: 'b', version: 'mr13.4.1.10' },
  ];
  const relays = [
    relay('a', 'mr12.5.1.31'),
    relay('a', 'mr12.5.1.31'),
    relay('b', 'mr13.4.1.10'),
    relay('b'),
  ];
  expect(hazardLines(targets, relays)).toEqual([
    expect.stringMatching(/^hazard of mr12\.5\.1\.31 to mr13\.4\.1\.10: calls in Redis cannot be restored/),
    expect.stringMatching(/^hazard of mr12\.5\.1\.31: an ended call counts as a call until delete-delay/),
    expect.stringMatching(/^hazard of mr13\.4\.1\.10: SDES-SRTP keys are lost .*redis-format = JSON/),
  ]);
});

test('of the new version only what the old one has not is said', () => {
  const lines = hazardLines([{ zone: 'a', version: 'mr26.2.1.1' }], [relay('a', 'mr26.0.1.22')]);
  expect(lines).toEqual([expect.stringMatching(/^hazard of mr26\.0\.1\.22: an offer that fails to parse/)]);
});

test('a relay that is where it should be has no hazard of a rollout', () => {
  expect(hazardLines([{ zone: 'a', version: 'mr13.4.1.10' }], [relay('a', 'mr13.4.1.10')])).toEqual([]);
});

test('between two rollouts a version that runs is said once, with what its configuration does not cure', () => {
  expect(runningHazards([{ version: 'mr12.5.1.31' }])).toEqual([]);
  const running = [
    { version: 'mr13.4.1.10' },
    { version: 'mr13.4.1.10' },
    { version: undefined },
    { version: 'x' },
  ];
  expect(runningHazards(running)).toEqual([
    expect.stringMatching(/^hazard of mr13\.4\.1\.10: an offer that fails to parse [^;]*$/),
  ]);
});

test('what does not say its version, or says no tag, is left out', () => {
  expect(hazardLines([{ zone: 'a' }], [relay('a', 'mr12.5.1.31')])).toEqual([]);
  expect(hazardLines([{ zone: 'a', version: 'mr13.4.1.10' }], [relay('a', '12.5')])).toEqual([]);
});
