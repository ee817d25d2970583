import { expect, test } from 'vitest';
import { METADATA } from '../../../configs/naming.ts';
import { templateOf } from '../../../rollout/adapters/gce-templates.ts';

type Changes = {
  readonly image?: string;
  readonly region?: string;
  readonly floating?: string;
  readonly machineType?: string;
};

function listed({ image = 'old', region = 'r1', floating, machineType = 'e2-standard-4' }: Changes = {}) {
  const items = [
    { key: METADATA.admission, value: 'self' },
    ...(floating === undefined ? [] : [{ key: METADATA.floating, value: floating }]),
  ];
  const subnetwork = `https://compute.example/compute/v1/projects/p/regions/${region}/subnetworks/demo`;
  return templateOf({
    name: `demo-${image}-${region}`,
    creationTimestamp: '2026-01-01T00:00:00.000-07:00',
    properties: {
      machineType,
      disks: [{ boot: true, initializeParams: { sourceImage: `projects/p/global/images/${image}` } }],
      networkInterfaces: [{ subnetwork, nicType: 'GVNIC' }],
      metadata: { fingerprint: `of ${items.length} ${floating}`, items },
    },
  });
}

test('templates of one make differ by region, or by the floating addresses of their zone', () => {
  const here = listed();
  for (const elsewhere of [listed({ region: 'r2' }), listed({ floating: '10.0.0.5,10.0.0.6' })]) {
    expect(elsewhere.make).toBe(here.make);
    expect(elsewhere.place).not.toBe(here.place);
  }
  expect(here.createdAt).toBe(Date.parse('2026-01-01T07:00:00Z'));
});

test('another image or machine type in the same place is another make', () => {
  for (const other of [listed({ image: 'new' }), listed({ machineType: 'e2-standard-8' })]) {
    expect(other.make).not.toBe(listed().make);
    expect(other.place).toBe(listed().place);
  }
});
