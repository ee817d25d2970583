import { expect, test } from 'vitest';
import { parseFleet } from '../../configs/load.ts';
import { SECRET_MANAGER } from '../../infra/config.ts';
import { evaluateHere } from '../../infra/evaluate/here.ts';
import { RelayFleet } from '../../infra/fleet.ts';
import { collector } from '../../infra/preview/graph.ts';

const settings = (name: string) => ({
  fleet: parseFleet(
    JSON.stringify({
      ...{ name, image: { version: 'mr12.5.1.31' } },
      cloud: { project: 'my-project', region: 'us-central1', zones: ['us-central1-a', 'us-central1-b'] },
    }),
    `${name}.yaml`,
  ),
  image: 'rtpengine-mr12-5-1-31-debian-13-3fa9c1d2',
  protect: true,
  secretsEndpoint: SECRET_MANAGER,
});

test('another program can declare two fleets side by side: neither has a name of the other', async () => {
  const { handlers, resources } = collector();
  const program = () => {
    for (const name of ['east', 'west']) new RelayFleet(name, settings(name));
    return {};
  };
  await evaluateHere({ program, stack: 'own', config: {}, preview: true, handlers });
  const places = resources().map(({ type, inputs }) =>
    [
      type,
      inputs.zone ?? inputs.region,
      inputs.name ?? inputs.accountId ?? inputs.roleId ?? inputs.displayName,
    ].join(' '),
  );
  const named = places.filter((place) => !place.endsWith(' '));
  expect(new Set(named).size).toBe(named.length);
  const logical = resources().map(({ type, name }) => `${type} ${name}`);
  expect(new Set(logical).size).toBe(logical.length);
  expect(logical.filter((one) => one.endsWith('Manager east-us-central1-a'))).toHaveLength(1);
});
