import { expect, test } from 'vitest';
import { floatingOf } from '../../../rollout/adapters/gce-floating.ts';

const target = (zone: string, name: string) =>
  `https://www.googleapis.com/compute/v1/projects/p/zones/${zone}/targetInstances/${name}`;

function rule(home: string, at: string | undefined, zone = 'us-central1-a') {
  const labels = { rtpfleet: 'f', 'rtpfleet-home': home };
  const IPAddress = `10.0.0.${home.at(-1)}`;
  return { labels, IPAddress, ...(at === undefined ? {} : { target: target(zone, at) }) };
}

const zone = 'us-central1-a';
const instance = {
  metadata: { items: [{ key: 'rtpfleet-floating', value: '10.0.0.0,10.0.0.1' }] },
};

test('a relay has its own address, and those of others whose rules name it', () => {
  const rules = [rule('f-0', 'f-1'), rule('f-1', 'f-1'), rule('f-2', 'f-1', 'us-central1-b')];
  expect(floatingOf({ zone, name: 'f-1' }, rules, instance)).toEqual({
    floating: {
      address: '10.0.0.1',
      at: 'f-1',
      carries: ['f-0'],
      ready: ['10.0.0.0', '10.0.0.1'],
    },
  });
  expect(floatingOf({ zone, name: 'f-0' }, rules, undefined)).toEqual({
    floating: { address: '10.0.0.0', at: 'f-1', carries: [], ready: [] },
  });
});

test('a rule that names no relay of the zone, or nothing, leaves the address with nobody', () => {
  for (const one of [rule('f-0', undefined), rule('f-0', 'f-0', 'us-central1-b')])
    expect(floatingOf({ zone, name: 'f-0' }, [one], instance).floating?.at).toBeUndefined();
});

test('a relay without a rule has no floating address', () => {
  expect(floatingOf({ zone, name: 'f-9' }, [rule('f-0', 'f-0')], instance)).toEqual({});
});
