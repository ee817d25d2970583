/** Every fleet file that is taken makes a stack that keeps every policy, every limit of Google, and what its own options say. */
import { beforeAll, describe, expect, test } from 'vitest';
import { seatsOf } from '../../configs/floating.ts';
import { placesOf, relayCount } from '../../configs/places.ts';
import type { Declared } from '../../infra/evaluate/protocol.ts';
import { ofKind, type Subject } from '../../infra/policies/subject.ts';
import { brokenPolicies } from '../../infra/policies.ts';
import { optionsOf, sampleFleets } from './fleets.ts';
import { FLOATING, fleetFile, IMAGE, subjectOf } from './subject.ts';

const FLEETS = 24;
const SEED = 4;

const CLOUD = 'https://www.googleapis.com/auth/cloud-platform';
const LOGGING = 'https://www.googleapis.com/auth/logging.write';
const MONITORING = 'https://www.googleapis.com/auth/monitoring.write';

async function findings(file: object, image = IMAGE): Promise<readonly string[]> {
  return findingsOf(await subjectOf(file, { image }));
}

function findingsOf(subject: Subject): readonly string[] {
  return brokenPolicies(subject).flatMap(({ policy, findings: where }) =>
    where.map(({ resource, message }) => `${policy.name}: ${resource.type} ${resource.name}: ${message}`),
  );
}

test('the sample leaves out no option of the schema, and has fleets of one zone and of six, of one relay and of hundreds', () => {
  const files = sampleFleets(80, SEED);
  const valueAt = (file: object, option: string) =>
    option.split('.').reduce<unknown>((part, key) => Object(part)[key], file);
  const never = optionsOf().filter((option) => files.every((file) => valueAt(file, option) === undefined));
  expect(never).toEqual([]);
  const zones = files.map((file) => (valueAt(file, 'cloud.zones') as readonly string[]).length);
  expect(new Set(zones)).toEqual(new Set([1, 2, 3, 4, 5, 6]));
  const relays = files.map(
    (file, index) => Number(valueAt(file, 'relays.perZone') ?? 1) * (zones[index] ?? 0),
  );
  expect(Math.min(...relays)).toBe(1);
  expect(Math.max(...relays)).toBeGreaterThan(300);
  const floats = files.map((file) => valueAt(file, 'network.floatingAddresses') ?? 'none');
  expect(new Set(floats)).toEqual(new Set(['none', 'internal']));
});

/** What the options of a file have to come to, beside the policies. */
const EXPECTATIONS: Readonly<Record<string, (subject: Subject) => void>> = {
  'RTP ports are open to just those who may send, and nothing else is to the world': (subject) => {
    const { network, rtpengine } = subject.fleet;
    const { min, max } = rtpengine.ports;
    const rules = ofKind(subject, 'compute/firewall').map(({ inputs }) => inputs);
    const inwards = rules.filter(({ direction }) => direction === 'INGRESS');
    const forMedia = inwards.filter(({ name }) => name === `${subject.fleet.name}-media`);
    for (const { allows } of forMedia)
      expect(allows).toEqual([{ protocol: 'udp', ports: [`${min}-${max}`] }]);
    expect(forMedia.map(({ sourceRanges }) => sourceRanges)).toEqual([network.mediaSources]);
    for (const rule of inwards)
      if (JSON.stringify(rule.sourceRanges ?? []).includes('0.0.0.0/0')) expect(forMedia).toContain(rule);
  },
  'a relay runs as its own account, with two roles, and a wide scope only where it reads a secret': (
    subject,
  ) => {
    const account = `${subject.fleet.name}-relay@${subject.fleet.cloud.project}.iam.gserviceaccount.com`;
    const isItsOwn = ({ inputs }: Declared) => inputs.member === `serviceAccount:${account}`;
    const reads = ofKind(subject, 'secretmanager/secretIamMember').some(isItsOwn);
    for (const { inputs } of ofKind(subject, 'compute/instanceTemplate'))
      expect(inputs.serviceAccount).toEqual({
        email: account,
        scopes: reads ? [CLOUD] : [LOGGING, MONITORING],
      });
    const own = ofKind(subject, 'projects/iAMMember').filter(isItsOwn);
    expect(own.map(({ inputs }) => inputs.role).sort()).toEqual([
      'roles/logging.logWriter',
      'roles/monitoring.metricWriter',
    ]);
  },
  'controller and publisher have a role of their own': (subject) => {
    const name = subject.fleet.name.replaceAll('-', '_');
    const roles = ofKind(subject, 'projects/iAMCustomRole').map(({ inputs }) => inputs.roleId);
    expect(roles.sort()).toEqual([`${name}_controller`, `${name}_publisher`]);
  },
  'OS Login is asked for where the image has it, and only there': (subject) => {
    for (const { inputs } of ofKind(subject, 'compute/instanceTemplate'))
      expect(Object(inputs.metadata)['enable-oslogin']).toBe(
        subject.fleet.relays.osLogin ? 'TRUE' : undefined,
      );
  },
  'every zone has its group, of the wanted size': (subject) => {
    const { cloud, relays } = subject.fleet;
    const groups = ofKind(subject, 'compute/instanceGroupManager').map(({ inputs }) => inputs);
    expect(groups.map(({ zone }) => zone).sort()).toEqual(cloud.zones.toSorted());
    const size = subject.fleet.network.floatingAddresses === 'internal' ? undefined : relays.perZone;
    for (const { targetSize } of groups) expect(targetSize).toBe(size);
  },
  'every relay with a floating address is made once, with a rule, a target and a reserved address of its name':
    (subject) => {
      const names = seatsOf(subject.fleet)
        .map(({ relay }) => relay)
        .toSorted();
      expect(names).toHaveLength(
        subject.fleet.network.floatingAddresses === 'internal' ? relayCount(subject.fleet) : 0,
      );
      for (const kind of ['perInstanceConfig', 'targetInstance', 'forwardingRule'])
        expect(
          ofKind(subject, `compute/${kind}`)
            .map(({ inputs }) => String(inputs.name))
            .toSorted(),
        ).toEqual(names);
      const addresses = ofKind(subject, 'compute/address').map(({ inputs }) => String(inputs.name));
      expect(addresses.filter((name) => name !== `${subject.fleet.name}-redis`).toSorted()).toEqual(names);
    },
  'no group is told a template of another zone’s floating addresses': (subject) => {
    const templates = ofKind(subject, 'compute/instanceTemplate');
    const { cloud } = subject.fleet;
    const places = seatsOf(subject.fleet).length > 0 ? cloud.zones.length : placesOf(subject.fleet).length;
    expect(templates).toHaveLength(places);
    const wanted = ofKind(subject, 'compute/instanceGroupManager').map(({ inputs }) =>
      JSON.stringify(inputs.versions),
    );
    expect(new Set(wanted).size).toBe(places);
  },
  'every resource is in the fleet’s project': (subject) => {
    const { project } = subject.fleet.cloud;
    for (const { type, name, inputs } of subject.resources)
      if (!OF_ANOTHER.includes(type)) expect([name, inputs.project]).toEqual([name, project]);
  },
};

/** A part of a resource that names its project, or of a secret that may lie in another. */
const OF_ANOTHER = [
  'gcp:serviceaccount/iAMMember:IAMMember',
  'gcp:secretmanager/secretVersion:SecretVersion',
  'gcp:secretmanager/secretIamMember:SecretIamMember',
];

describe(`${FLEETS} fleets with every option there is`, () => {
  const made: Subject[] = [];
  beforeAll(async () => {
    // One after the other: Pulumi's mocks are global to a process.
    for (const file of sampleFleets(FLEETS, SEED)) made.push(await subjectOf(file));
  }, 300_000);

  test('keep every policy', () => {
    for (const subject of made) expect([subject.fleet, findingsOf(subject)]).toEqual([subject.fleet, []]);
  });

  test.each(Object.entries(EXPECTATIONS))('%s', (_, expectation) => {
    expect(made).toHaveLength(FLEETS);
    made.forEach(expectation);
  });
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
    'the longest names of relays with floating addresses, and as many as Memorystore has databases for',
    fleetFile({
      ...FLOATING,
      name: 'a-fleet-of-20-chars0',
      cloud: {
        project: 'a-project-of-thirty-characters',
        region: 'northamerica-northeast1',
        zones: ['northamerica-northeast1-a'],
      },
      relays: { perZone: 13 },
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
