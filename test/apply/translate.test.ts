/** Bodies made from Pulumi's inputs, checked by Google's own contract. */
import { describe, expect, test } from 'vitest';
import {
  fields,
  firewallBody,
  groupBody,
  healthCheckBody,
  natBody,
  networkBody,
  templateBody,
} from '../../lab/apply/translate.ts';
import { validate } from '../../lab/contract/validate.ts';
import { loadContract } from '../../lab/contract.ts';
import { type Evaluated, evaluate } from '../infra/program.ts';

const contract = loadContract();
const problems = (message: string, body: object) => validate(contract, message, body).map(({ text }) => text);

const translations = [
  ['compute/network:Network', 'Network', networkBody],
  ['compute/subnetwork:Subnetwork', 'Subnetwork', fields],
  ['compute/firewall:Firewall', 'Firewall', firewallBody],
  ['compute/router:Router', 'Router', fields],
  ['compute/routerNat:RouterNat', 'RouterNat', natBody],
  ['compute/healthCheck:HealthCheck', 'HealthCheck', healthCheckBody],
  ['compute/instanceTemplate:InstanceTemplate', 'InstanceTemplate', templateBody],
  ['compute/instanceGroupManager:InstanceGroupManager', 'InstanceGroupManager', groupBody],
] as const;

describe.each(['none', 'static'])('with %s external addresses', (externalAddresses) => {
  test.each(translations)('%s becomes a %s of GCE', async (type, message, translate) => {
    const fleet: Evaluated = await evaluate({ network: { externalAddresses } });
    const bodies = fleet.of(type).map(({ inputs }) => translate(inputs as never));
    for (const body of bodies) expect(problems(message, body)).toEqual([]);
    if (externalAddresses === 'none') expect(bodies.length).toBeGreaterThan(0);
  });
});

test('what GCE does not know is not dropped on the way', () => {
  const unknown = { name: 'x', network: 'n', allows: [{ protocol: 'udp' }], fnord: 1 };
  expect(problems('Firewall', firewallBody(unknown as never))).toEqual([
    expect.stringContaining('Unknown name "fnord"'),
  ]);
});

describe('a template', () => {
  const inputs = {
    namePrefix: 'demo-x-',
    machineType: 'e2-small',
    disks: [{ boot: true, sourceImage: 'projects/p/global/images/x', diskSizeGb: 10, diskType: 'pd-ssd' }],
    metadata: { b: '2', a: '1' },
    networkInterfaces: [{ subnetwork: 'http://127.0.0.1:1/compute/v1/projects/p/regions/r/subnetworks/s' }],
    serviceAccount: { email: 'e', scopes: ['s'] },
    tags: ['t'],
  };
  const nameOf = (changes: object = {}) => templateBody({ ...inputs, ...changes } as never).name;

  test('has its parts where GCE has them', () => {
    expect(templateBody({ ...inputs, instanceDescription: 'a relay' } as never).properties).toEqual({
      machineType: 'e2-small',
      description: 'a relay',
      disks: [
        {
          type: 'PERSISTENT',
          boot: true,
          initializeParams: { sourceImage: 'projects/p/global/images/x', diskType: 'pd-ssd', diskSizeGb: 10 },
        },
      ],
      metadata: {
        items: [
          { key: 'b', value: '2' },
          { key: 'a', value: '1' },
        ],
      },
      networkInterfaces: inputs.networkInterfaces,
      serviceAccounts: [{ email: 'e', scopes: ['s'] }],
      tags: { items: ['t'] },
    });
  });

  test('the same has the same name, wherever the lab listens; any change gives another', () => {
    expect(nameOf()).toMatch(/^demo-x-[0-9a-f]{8}$/);
    const elsewhere = 'http://127.0.0.1:2/compute/v1/projects/p/regions/r/subnetworks/s';
    expect(nameOf({ networkInterfaces: [{ subnetwork: elsewhere }] })).toBe(nameOf());
    expect(nameOf({ machineType: 'e2-medium' })).not.toBe(nameOf());
    expect(nameOf({ labels: { a: 'b' } })).not.toBe(nameOf());
  });

  test('with a name of its own keeps it', () => {
    expect(nameOf({ name: 'mine', namePrefix: undefined })).toBe('mine');
  });
});

describe('a group', () => {
  const inputs = {
    zone: 'us-central1-a',
    name: 'g',
    baseInstanceName: 'r',
    versions: [{ instanceTemplate: 't' }],
  };

  test('says where it is in its path, and what steers the provider to nobody', () => {
    const body = groupBody({
      ...inputs,
      project: 'p',
      waitForInstances: true,
      waitForInstancesStatus: 'STABLE',
    } as never);
    for (const key of ['zone', 'project', 'waitForInstances', 'waitForInstancesStatus'])
      expect(body).not.toHaveProperty(key);
  });

  test('clears what the program no longer wants', () => {
    expect(groupBody(inputs as never)).toMatchObject({ autoHealingPolicies: [], statefulPolicy: null });
    const kept = {
      ...inputs,
      statefulInternalIps: [{ interfaceName: 'nic0', deleteRule: 'NEVER' }],
      statefulExternalIps: [],
    };
    expect(groupBody(kept as never).statefulPolicy).toEqual({
      preservedState: { internalIPs: { nic0: { autoDelete: 'NEVER' } }, externalIPs: null },
    });
  });

  test('may count by number or by share', () => {
    const updatePolicy = {
      type: 'OPPORTUNISTIC',
      minimalAction: 'REPLACE',
      maxSurgeFixed: 0,
      maxUnavailablePercent: 20,
    };
    expect(groupBody({ ...inputs, updatePolicy } as never).updatePolicy).toEqual({
      type: 'OPPORTUNISTIC',
      minimalAction: 'REPLACE',
      maxSurge: { fixed: 0 },
      maxUnavailable: { percent: 20 },
    });
  });
});
