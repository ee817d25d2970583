/** What must hold for every fleet, whatever its file says. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Evaluated, evaluate, type Resource } from './program.ts';

const variants: readonly { readonly name: string; readonly parts: object }[] = [
  { name: 'defaults', parts: {} },
  { name: 'no external addresses', parts: { network: { externalAddresses: 'none' } } },
  { name: 'no Redis', parts: { redis: { kind: 'none' } } },
  { name: 'carriers named', parts: { network: { mediaSources: ['198.51.100.0/24'] } } },
];

describe.each(variants)('with $name', ({ parts }) => {
  let fleet: Evaluated;
  beforeAll(async () => {
    fleet = await evaluate(parts);
  });
  const cloud = (): readonly Resource[] => fleet.resources.filter(({ type }) => type.startsWith('gcp:'));

  test('nothing but RTP is open to the world', () => {
    const open = fleet
      .of('compute/firewall:Firewall')
      .filter(({ inputs }) => inputs.direction === 'INGRESS' && inputs.sourceRanges.includes('0.0.0.0/0'));
    for (const { inputs } of open)
      expect(inputs.allows).toEqual([{ protocol: 'udp', ports: ['30000-40000'] }]);
  });

  test('every rule that lets in names who and to whom', () => {
    for (const { inputs } of fleet.of('compute/firewall:Firewall')) {
      if (inputs.direction !== 'INGRESS') continue;
      expect(inputs.sourceRanges.length).toBeGreaterThan(0);
      expect(inputs.targetServiceAccounts).toEqual(['demo-relay@my-project.iam.gserviceaccount.com']);
      expect(inputs.description).toMatch(/\w/);
    }
  });

  test('a relay runs as its own service account, with two roles and two scopes', () => {
    const [template] = fleet.of('compute/instanceTemplate:InstanceTemplate');
    expect(template?.inputs.serviceAccount).toEqual({
      email: 'demo-relay@my-project.iam.gserviceaccount.com',
      scopes: [
        'https://www.googleapis.com/auth/logging.write',
        'https://www.googleapis.com/auth/monitoring.write',
      ],
    });
    const grants = fleet.of('projects/iAMMember:IAMMember').map(({ inputs }) => [inputs.role, inputs.member]);
    const member = 'serviceAccount:demo-relay@my-project.iam.gserviceaccount.com';
    expect(grants).toEqual([
      ['roles/logging.logWriter', member],
      ['roles/monitoring.metricWriter', member],
    ]);
  });

  test('people log in by OS Login, and no key is in the metadata', () => {
    const [template] = fleet.of('compute/instanceTemplate:InstanceTemplate');
    expect(template?.inputs.metadata['enable-oslogin']).toBe('TRUE');
    expect(Object.keys(template?.inputs.metadata ?? {})).not.toContain('ssh-keys');
  });

  test('every resource names its project', () => {
    for (const { inputs, type } of cloud()) expect([type, inputs.project]).toEqual([type, 'my-project']);
  });

  test('whatever takes labels carries the name of the fleet', () => {
    const labelled = [
      ...fleet.of('redis/instance:Instance'),
      ...fleet.of('compute/instanceTemplate:InstanceTemplate'),
    ];
    for (const { inputs } of labelled) expect(inputs.labels.rtpfleet).toBe('demo');
    for (const { inputs } of fleet.of('compute/instanceTemplate:InstanceTemplate'))
      for (const disk of inputs.disks) expect(disk.labels.rtpfleet).toBe('demo');
  });

  test('what holds calls is protected', () => {
    const holding = ['redis/instance:Instance', 'compute/instanceGroupManager:InstanceGroupManager'];
    for (const one of holding.flatMap((type) => fleet.of(type)))
      expect([one.name, one.protect]).toEqual([one.name, true]);
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
    expect(allowed[0].targetServiceAccounts).toEqual(['demo-relay@my-project.iam.gserviceaccount.com']);
    expect(allowed[1].targetTags).toEqual(['demo-controller']);
  });
});
