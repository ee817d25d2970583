import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadFleet, parseFleet } from '../../configs/load.ts';
import { placesOf } from '../../configs/places.ts';
import { fleetTypes } from '../../configs/tools/generate-types.ts';
import { FleetError } from '../../lib/errors.ts';

const valid = `name: demo
cloud: {project: my-project, region: us-central1, zones: [us-central1-a, us-central1-b]}
image: {version: mr12.5.1.31}
`;

function problemsOf(text: string): readonly string[] {
  try {
    parseFleet(text, 'f.yaml');
  } catch (error) {
    if (error instanceof FleetError) return error.message.split('\n');
    throw error;
  }
  return [];
}

type Schema = { readonly properties?: Readonly<Record<string, Schema>> };

/** Names of all keys of a schema, at any depth. */
function keysOf({ properties = {} }: Schema): readonly string[] {
  return Object.entries(properties).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

describe('a fleet file', () => {
  const files = readdirSync('configs/fleets').filter((name) => name.endsWith('.yaml'));
  test.each(files)('%s is valid', (name) => {
    expect(loadFleet(`configs/fleets/${name}`).cloud.zones.length).toBeGreaterThan(0);
  });

  test('of prod is the manual: it shows every key that there is', () => {
    const text = readFileSync('configs/fleets/prod.yaml', 'utf8');
    const missing = keysOf(JSON.parse(readFileSync('configs/schemas/fleet.schema.json', 'utf8'))).filter(
      (key) => !new RegExp(`(^|[\\s{])${key}:`, 'm').test(text),
    );
    expect(missing).toEqual([]);
  });

  test.each(readdirSync('.').filter((name) => /^Pulumi\..+\.yaml$/.test(name)))(
    'is there for the stack of %s, under its name',
    (name) => {
      const { config } = parse(readFileSync(name, 'utf8')) as { config: Record<string, string> };
      expect(name).toBe(`Pulumi.${loadFleet(config['rtpfleet:fleet'] ?? '').name}.yaml`);
    },
  );

  test('with only what is required gets every default', () => {
    const fleet = parseFleet(valid, 'f.yaml');
    expect(fleet.rtpengine.ports).toEqual({ min: 30000, max: 40000 });
    expect(fleet.rollout.goodAnswers).toBe(3);
    expect(fleet.network.mediaSources).toEqual(['0.0.0.0/0']);
  });

  test('may have zones of several regions, each with its range', () => {
    const text = `${valid.replace('us-central1-b', 'us-east1-b')}network: {ranges: {us-east1: 10.9.0.0/24}}\n`;
    expect(placesOf(parseFleet(text, 'f.yaml'))).toEqual([
      { region: 'us-central1', range: '10.128.0.0/20', zones: ['us-central1-a'] },
      { region: 'us-east1', range: '10.9.0.0/24', zones: ['us-east1-b'] },
    ]);
  });

  test('two loads do not share a default that one may change', () => {
    const first = parseFleet(valid, 'f.yaml');
    first.network.mediaSources.push('10.0.0.0/8');
    expect(parseFleet(valid, 'f.yaml').network.mediaSources).toEqual(['0.0.0.0/0']);
  });
});

describe('a wrong fleet file says', () => {
  test('an unknown key, its line and the key that was meant', () => {
    expect(problemsOf(`${valid}relays:\n  perZones: 3\n`)).toEqual([
      'f.yaml:5: relays.perZones: unknown key; did you mean perZone?',
    ]);
  });

  test('all that is wrong at once', () => {
    const problems = problemsOf('name: Demo\ncloud: {project: my-project, region: us-central1, zones: []}\n');
    expect(problems.map((line) => line.split(': ')[1])).toEqual(['image', 'name', 'cloud.zones']);
  });

  test('a zone of another region', () => {
    expect(problemsOf(valid.replace('us-central1-b', 'us-east1-b'))).toEqual([
      'f.yaml:2: cloud.zones.1: us-east1-b is not in region us-central1, and network.ranges has no range for us-east1',
    ]);
  });

  const twoRegions = valid.replace('us-central1-b', 'us-east1-b');
  test.each([
    ['network: {ranges: {us-east1: 10.128.8.0/24}}', 'us-east1: 10.128.8.0/24 overlaps 10.128.0.0/20'],
    ['network: {ranges: {us-east1: 10.9.0.0/30}}', 'us-east1: 10.9.0.0/30 has room for 0 machines'],
    ['network: {ranges: {us-east1: 10.9.0.0/24, us-west1: 10.8.0.0/24}}', 'us-west1: no zone of the fleet'],
    ['network: {ranges: {us-east1: 10.9.0.0/24, us-central1: 10.8.0.0/24}}', 'us-central1: the range of'],
  ])('a range of a further region that cannot be: %s', (network, sentence) => {
    expect(problemsOf(`${twoRegions}${network}\n`)).toEqual([
      expect.stringContaining(`network.ranges.${sentence}`),
    ]);
  });

  test.each([
    ['{kind: external}', 'redis.host: is missing'],
    ['{host: 10.0.0.1}', 'redis.host: 10.0.0.1 is for an external Redis; this one is memorystore'],
    ['{secret: projects/p/secrets/s/versions/1}', 'redis.secret: is for an external Redis'],
    ['{kind: vm}', 'redis.secret: is missing; a vm asks for a password'],
    [
      '{kind: vm, secret: projects/p/secrets/s/versions/1, machineType: c4a-standard-1}',
      'redis.machineType: c4a-standard-1 is an arm64 machine',
    ],
    ['{zone: us-central1-a}', 'redis.zone: is for a vm; this one is memorystore'],
    [
      '{kind: vm, secret: projects/p/secrets/s/versions/1, zone: us-east1-a}',
      'redis.zone: us-east1-a is none of cloud.zones',
    ],
    ['{kind: none, tls: true}', 'redis.tls: is for Memorystore or an external Redis; this one is none'],
    ['{tls: true, caFile: ca.pem}', 'redis.caFile: is for an external Redis with redis.tls'],
    ['{kind: external, host: r, caFile: ca.pem}', 'redis.caFile: is for an external Redis with redis.tls'],
    ['{kind: external, host: r, auth: true}', 'redis.auth: is for Memorystore; this one is external'],
  ])('a Redis that is not of one piece: %s', (redis, sentence) => {
    expect(problemsOf(`${valid}redis: ${redis}\n`)).toEqual([expect.stringContaining(sentence)]);
  });

  test('TLS where RTPEngine itself would have to speak it', () => {
    const one = valid.replace(', us-central1-b', '');
    expect(problemsOf(`${one}redis: {tls: true}\n`)).toEqual([
      expect.stringMatching(/^f\.yaml:4: redis\.tls: cannot be had in a fleet of one relay/),
    ]);
  });

  test('a control port inside the media ports', () => {
    expect(problemsOf(`${valid}rtpengine: {ngPort: 30002}\n`)[0]).toBe(
      'f.yaml:4: rtpengine.ngPort: 30002 lies in the media ports 30000-40000',
    );
  });

  test('two control ports that are the same', () => {
    expect(problemsOf(`${valid}rtpengine: {cliPort: 9101}\n`)[0]).toBe(
      'f.yaml:4: rtpengine.httpPort: 9101 is also rtpengine.cliPort',
    );
  });

  test('a budget that would leave no relay to take calls', () => {
    expect(problemsOf(`${valid}rollout: {maxUnavailable: 2}\n`)[0]).toBe(
      'f.yaml:4: rollout.maxUnavailable: 2 of 2 relays leaves none to take calls',
    );
  });

  test('one Redis database for calls and for the lock', () => {
    expect(problemsOf(`${valid}redis: {controlDatabase: 5}\n`)[0]).toContain('is also redis.database');
  });

  test('a range with host bits', () => {
    expect(problemsOf(`${valid}network: {range: 10.128.0.1/20}\n`)[0]).toContain(
      'network.range: "10.128.0.1/20" does not fit',
    );
  });

  test('YAML that does not parse', () => {
    expect(problemsOf('name: [unclosed\n')[0]).toMatch(/^f\.yaml:\d+: not valid YAML: /);
  });

  test('a file that is not there', () => {
    expect(() => loadFleet('nowhere.yaml')).toThrow(/^nowhere\.yaml: cannot be read: /);
  });
});

test('the fleet type is the one that the schema gives', async () => {
  const normal = (text: string) => text.replaceAll(/\s+/g, ' ');
  expect(normal(readFileSync('configs/fleet.ts', 'utf8'))).toBe(normal(await fleetTypes()));
});

test('a list of CPUs that no machine has is refused before anybody counts it', () => {
  const text = `${valid}tuning: {systemCpus: "0-99999999999"}\n`;
  expect(problemsOf(text)).toEqual([expect.stringContaining('tuning.systemCpus')]);
});
