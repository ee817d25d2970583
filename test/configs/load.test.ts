import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadFleet, parseFleet } from '../../configs/load.ts';
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

describe('a fleet file', () => {
  const files = readdirSync('configs/fleets').filter((name) => name.endsWith('.yaml'));
  test.each(files)('%s is valid', (name) => {
    expect(loadFleet(`configs/fleets/${name}`).cloud.zones.length).toBeGreaterThan(0);
  });

  test('with only what is required gets every default', () => {
    const fleet = parseFleet(valid, 'f.yaml');
    expect(fleet.rtpengine.ports).toEqual({ min: 30000, max: 40000 });
    expect(fleet.rollout.goodAnswers).toBe(3);
    expect(fleet.network.mediaSources).toEqual(['0.0.0.0/0']);
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
      'f.yaml:2: cloud.zones.1: us-east1-b is not in region us-central1',
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
