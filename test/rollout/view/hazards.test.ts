import { expect, test } from 'vitest';
import { hazardLines } from '../../../rollout/view/hazards.ts';

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
  ]);
});

test('what does not say its version, or says no tag, is left out', () => {
  expect(hazardLines([{ zone: 'a' }], [relay('a', 'mr12.5.1.31')])).toEqual([]);
  expect(hazardLines([{ zone: 'a', version: 'mr13.4.1.10' }], [relay('a', '12.5')])).toEqual([]);
});
