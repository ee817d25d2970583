/** Every fleet file that is taken makes a stack that keeps every policy and every limit of Google. */
import { expect, test } from 'vitest';
import { brokenPolicies } from '../../infra/policies.ts';
import { sampleFleets } from './fleets.ts';
import { fleetFile, IMAGE, subjectOf } from './subject.ts';

const FLEETS = 16;
const SEED = 4;

async function findings(file: object, image = IMAGE): Promise<readonly string[]> {
  const broken = brokenPolicies(await subjectOf(file, { image }));
  return broken.flatMap(({ policy, findings: where }) =>
    where.map(({ resource, message }) => `${policy.name}: ${resource.type} ${resource.name}: ${message}`),
  );
}

test(`${FLEETS} fleets with every option there is`, { timeout: 180_000 }, async () => {
  for (const file of sampleFleets(FLEETS, SEED)) expect([file, await findings(file)]).toEqual([file, []]);
});

test.each<[string, object, string?]>([
  ['the smallest', fleetFile({ name: 'ab' })],
  [
    'the longest names, in the region with the longest name, of the largest groups',
    fleetFile({
      name: 'a-fleet-of-20-chars0',
      cloud: {
        project: 'a-project-of-thirty-characters',
        region: 'northamerica-northeast1',
        zones: ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `northamerica-northeast1-${letter}`),
      },
      network: { range: '10.0.0.0/8' },
      relays: { perZone: 1000 },
    }),
    `${'i'.repeat(62)}x`,
  ],
  [
    'a hundred sources of each kind',
    fleetFile({
      network: Object.fromEntries(
        ['mediaSources', 'proxySources', 'controllerSources'].map((key, kind) => [
          key,
          Array.from({ length: 100 }, (_, index) => `198.${18 + kind}.${index}.0/24`),
        ]),
      ),
    }),
  ],
])('%s', async (_, file, image) => {
  expect(await findings(file, image)).toEqual([]);
});
