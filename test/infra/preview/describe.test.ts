/** Each row of a preview says what it is, in words that tell it from its neighbours. */
import { beforeAll, expect, test } from 'vitest';
import { describe as words } from '../../../infra/preview/describe.ts';
import { cloudName, kindOf } from '../../../infra/preview/resource.ts';
import { fleetFile, IMAGE, subjectOf } from '../subject.ts';

let rows: readonly string[];
beforeAll(async () => {
  const zones = ['us-central1-a', 'us-east1-b'];
  const file = fleetFile({
    cloud: { project: 'my-project', region: 'us-central1', zones },
    network: { ranges: { 'us-east1': '10.1.0.0/20' } },
    redis: { auth: true },
  });
  const { resources } = await subjectOf(file);
  rows = resources.map((one) => `${kindOf(one.type)} ${cloudName(one)}: ${words(one)}`);
}, 60_000);

test.each([
  `compute/instanceTemplate demo-${IMAGE}-*: e2-standard-4, ${IMAGE}, 20 GB pd-balanced, external address, us-east1`,
  'compute/instanceGroupManager demo-us-east1-b: 1 in us-east1-b, OPPORTUNISTIC RECREATE, addresses inside and outside kept, protected',
  'monitoring/alertPolicy demo: a relay does not answer: CRITICAL',
  'projects/iAMMember demo-controller: demo_controller to demo-rollout',
  'projects/iAMMember demo-relay-logWriter: roles/logging.logWriter to demo-relay',
  'secretmanager/secretVersion demo-redis: of demo-redis, its value is a secret',
  'serviceaccount/iAMMember demo-controller-acts-as-relay: roles/iam.serviceAccountUser on demo-relay to demo-rollout',
])('%s', (row) => {
  expect(rows).toContain(row);
});

test('no two rows are the same, and none shows what is no word', () => {
  expect(new Set(rows).size).toBe(rows.length);
  for (const row of rows) expect(row).not.toMatch(/undefined|\[object|, ,|: ,/);
});
