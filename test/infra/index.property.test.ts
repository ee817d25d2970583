/** Policies: what holds for every fleet, whatever its file says. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Evaluated, evaluate } from './program.ts';

const ACCOUNT = 'demo-relay@my-project.iam.gserviceaccount.com';
const CLOUD = 'https://www.googleapis.com/auth/cloud-platform';
const LOGGING = 'https://www.googleapis.com/auth/logging.write';
const MONITORING = 'https://www.googleapis.com/auth/monitoring.write';

const range = fc.integer({ min: 1, max: 223 }).map((byte) => `${byte}.7.0.0/16`);
const ranges = fc.uniqueArray(range, { maxLength: 3 });
const zones = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 });

/** Parts of a fleet file that are valid together. */
const fleets: fc.Arbitrary<object> = fc
  .record({
    cloud: zones.map((letters) => ({
      project: 'my-project',
      region: 'us-central1',
      zones: letters.map((letter, index) => `${index % 2 === 0 ? 'us-central1' : 'us-east1'}-${letter}`),
    })),
    network: fc.record({
      externalAddresses: fc.constantFrom('none', 'ephemeral', 'static'),
      mediaSources: fc.oneof(
        fc.constant(['0.0.0.0/0']),
        fc.uniqueArray(range, { minLength: 1, maxLength: 3 }),
      ),
      proxySources: ranges,
      controllerSources: ranges,
    }),
    relays: fc.record({ perZone: fc.integer({ min: 1, max: 300 }) }),
    rtpengine: fc.record({ ports: fc.constantFrom({ min: 23000, max: 50000 }, { min: 30000, max: 30003 }) }),
    redis: fc.constantFrom({ kind: 'memorystore' }, { kind: 'memorystore', auth: true }, { kind: 'none' }),
  })
  .map(({ cloud, network, ...rest }) => ({
    ...rest,
    cloud,
    network: { ...network, ...(cloud.zones.length > 1 ? { ranges: { 'us-east1': '10.129.0.0/20' } } : {}) },
  }));

const FLEETS = 16;
let sample: readonly { readonly parts: object; readonly fleet: Evaluated }[];
beforeAll(async () => {
  const parts = [{}, ...fc.sample(fleets, { numRuns: FLEETS, seed: 7 })];
  const evaluated = [];
  // One after the other: Pulumi's mocks are global to a process.
  for (const one of parts) evaluated.push({ parts: one, fleet: await evaluate(one) });
  sample = evaluated;
}, 300_000);

/** Parts of a resource that names the project. */
const OF_ANOTHER = [
  'gcp:serviceaccount/iAMMember:IAMMember',
  'gcp:secretmanager/secretVersion:SecretVersion',
];

type Policy = (
  fleet: Evaluated,
  parts: { readonly rtpengine?: { readonly ports: { min: number; max: number } } },
) => void;

const policies: Readonly<Record<string, Policy>> = {
  'nothing but RTP is open to the world': (fleet, { rtpengine }) => {
    const { min, max } = rtpengine?.ports ?? { min: 30000, max: 40000 };
    for (const { inputs } of fleet.of('compute/firewall:Firewall')) {
      if (inputs.direction !== 'INGRESS' || !inputs.sourceRanges.includes('0.0.0.0/0')) continue;
      expect(inputs.allows).toEqual([{ protocol: 'udp', ports: [`${min}-${max}`] }]);
    }
  },
  'every rule that lets in says who, to whom, and why': (fleet) => {
    for (const { inputs } of fleet.of('compute/firewall:Firewall')) {
      expect(inputs.description).toMatch(/\w/);
      if (inputs.direction !== 'INGRESS') continue;
      expect(inputs.sourceRanges.length).toBeGreaterThan(0);
      expect(inputs.targetServiceAccounts).toEqual([ACCOUNT]);
    }
  },
  'a relay runs as its own service account, with two roles, and a wide scope only where it reads a secret': (
    fleet,
  ) => {
    const reads = fleet
      .of('secretmanager/secretIamMember:SecretIamMember')
      .some(({ inputs }) => inputs.member === `serviceAccount:${ACCOUNT}`);
    const scopes = reads ? [CLOUD] : [LOGGING, MONITORING];
    for (const { inputs } of fleet.of('compute/instanceTemplate:InstanceTemplate'))
      expect(inputs.serviceAccount).toEqual({ email: ACCOUNT, scopes });
    const grants = fleet.of('projects/iAMMember:IAMMember').map(({ inputs }) => inputs);
    const own = grants.filter(({ member }) => member === `serviceAccount:${ACCOUNT}`);
    expect(own.map(({ role }) => role).sort()).toEqual([
      'roles/logging.logWriter',
      'roles/monitoring.metricWriter',
    ]);
  },
  'no account has a primitive or an admin role, and the two for programs have a role of their own': (
    fleet,
  ) => {
    const roles = fleet.of('projects/iAMMember:IAMMember').map(({ inputs }) => String(inputs.role));
    for (const role of roles) expect(role).not.toMatch(/^roles\/(owner|editor|viewer)$|[aA]dmin/);
    const own = fleet.of('projects/iAMCustomRole:IAMCustomRole').map(({ inputs }) => inputs.roleId);
    expect(own.sort()).toEqual(['demo_controller', 'demo_publisher']);
  },
  'no SSH key is in the metadata, and OS Login is not asked of an image that has none': (fleet) => {
    for (const { inputs } of fleet.of('compute/instanceTemplate:InstanceTemplate')) {
      expect(Object.keys(inputs.metadata)).not.toContain('enable-oslogin');
      expect(Object.keys(inputs.metadata)).not.toContain('ssh-keys');
    }
  },
  'relays that share a Redis keep no call state in it': (fleet) => {
    const groups = fleet.of('compute/instanceGroupManager:InstanceGroupManager');
    const relays = groups.reduce((sum, { inputs }) => sum + inputs.targetSize, 0);
    for (const { inputs } of fleet.of('compute/instanceTemplate:InstanceTemplate'))
      if (relays > 1) expect(Object.keys(inputs.metadata)).not.toContain('rtpfleet-redis');
  },
  'every resource names its project': (fleet) => {
    for (const { inputs, type, name } of fleet.resources)
      if (type.startsWith('gcp:') && !OF_ANOTHER.includes(type))
        expect([name, inputs.project]).toEqual([name, 'my-project']);
  },
  'every name is one that GCE takes': (fleet) => {
    for (const { inputs } of fleet.resources)
      if (inputs.name !== undefined) expect(inputs.name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
  },
  'whatever takes labels carries the name of the fleet': (fleet) => {
    const templates = fleet.of('compute/instanceTemplate:InstanceTemplate');
    for (const { inputs } of [...fleet.of('redis/instance:Instance'), ...templates])
      expect(inputs.labels.rtpfleet).toBe('demo');
    for (const { inputs } of templates)
      for (const disk of inputs.disks) expect(disk.labels.rtpfleet).toBe('demo');
  },
  'what holds calls is protected': (fleet) => {
    const holding = ['redis/instance:Instance', 'compute/instanceGroupManager:InstanceGroupManager'];
    for (const one of holding.flatMap((type) => fleet.of(type)))
      expect([one.name, one.protect]).toEqual([one.name, true]);
  },
  'no group replaces a relay by itself': (fleet) => {
    for (const { inputs } of fleet.of('compute/instanceGroupManager:InstanceGroupManager')) {
      expect(inputs.updatePolicy).toMatchObject({ type: 'OPPORTUNISTIC', maxSurgeFixed: 0 });
      expect(inputs.updatePolicy.maxUnavailableFixed).toBeGreaterThanOrEqual(1);
    }
  },
};

describe('every fleet keeps it that', () => {
  test.each(Object.entries(policies))('%s', (_, policy) => {
    for (const { parts, fleet } of sample) policy(fleet, parts);
  });
});

describe('the way to Redis', () => {
  const redis = (fleet: Evaluated, name: string) =>
    fleet.of('compute/firewall:Firewall').find(({ inputs }) => inputs.name === `demo-redis-${name}`)?.inputs;

  test('is closed but for relays and the controller, who come first', async () => {
    const fleet = await evaluate();
    const deny = redis(fleet, 'deny');
    expect(deny).toMatchObject({
      direction: 'EGRESS',
      destinationRanges: ['10.9.8.7/32'],
      denies: [{ protocol: 'tcp' }],
    });
    expect(deny).not.toHaveProperty('targetTags');
    expect(deny).not.toHaveProperty('targetServiceAccounts');
    const allowed = [redis(fleet, 'relays'), redis(fleet, 'controller')];
    for (const rule of allowed) {
      expect(rule).toMatchObject({
        direction: 'EGRESS',
        destinationRanges: ['10.9.8.7/32'],
        allows: [{ protocol: 'tcp', ports: ['6379'] }],
      });
      expect(rule.priority).toBeLessThan(deny.priority);
    }
    expect(allowed[0].targetServiceAccounts).toEqual([ACCOUNT]);
    expect(allowed[1].targetTags).toEqual(['demo-controller']);
  });
});
