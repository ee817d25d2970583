import { describe, expect, it } from 'vitest';
import type { LabNetwork } from '../../lab/ports.ts';
import {
  addGroup,
  addImage,
  addTemplate,
  eventually,
  instanceOf,
  type Json,
  membersOf,
  openTestLab,
  PROJECT,
  REGION,
  refused,
  stable,
  type TestLab,
  ZONE,
} from '../support/lab-server.ts';
import { fakeMachines, fakeNetwork } from '../support/machines.ts';

const here = { project: PROJECT, region: REGION };
const zone = { project: PROJECT, zone: ZONE };
const RULE = { loadBalancingScheme: 'INTERNAL', IPProtocol: 'UDP', allPorts: true } as const;

/** A lab with relays relay-01 and relay-02, a target instance of each, and the routes that its host has. */
async function openWithRelays(
  options: { readonly folder?: string; readonly routes?: Map<string, string> } = {},
) {
  const routes = options.routes ?? new Map<string, string>();
  const network: LabNetwork = {
    ...fakeNetwork,
    deliver: async (wanted) => {
      routes.clear();
      for (const [address, via] of wanted) routes.set(address, via);
    },
  };
  const machines = fakeMachines();
  const lab = await openTestLab({ network, machines });
  await addImage(lab, 'relay-1');
  await addTemplate(lab, 't1');
  await addGroup(lab, 'g', 2);
  for (const name of ['relay-01', 'relay-02']) await target(lab, name);
  return { lab, routes, network, machines };
}

async function target(lab: TestLab, name: string): Promise<void> {
  const requestBody = { name, instance: `zones/${ZONE}/instances/${name}` };
  await lab.done((await lab.api.targetInstances.insert({ ...zone, requestBody })).data);
}

const link = (name: string) => `zones/${ZONE}/targetInstances/${name}`;

async function reserve(lab: TestLab, name: string): Promise<string> {
  const requestBody = { name, addressType: 'INTERNAL' };
  await lab.done((await lab.api.addresses.insert({ ...here, requestBody })).data);
  return (await lab.api.addresses.get({ ...here, address: name })).data.address ?? '';
}

async function rule(lab: TestLab, name: string, to: string, extra: Json = {}): Promise<Json> {
  const requestBody = { name, ...RULE, target: link(to), ...extra };
  await lab.done((await lab.api.forwardingRules.insert({ ...here, requestBody })).data);
  return (await lab.api.forwardingRules.get({ ...here, forwardingRule: name })).data;
}

async function setTarget(lab: TestLab, forwardingRule: string, to: string): Promise<void> {
  const requestBody = { target: link(to) };
  await lab.done((await lab.api.forwardingRules.setTarget({ ...here, forwardingRule, requestBody })).data);
}

async function addressOf(lab: TestLab, name: string): Promise<string> {
  return (await instanceOf(lab, name)).networkInterfaces?.[0]?.networkIP ?? '';
}

/** What the guest agent of a relay reads. */
async function forwardedIps(lab: TestLab, name: string): Promise<unknown> {
  const tree: Json = lab.server.metadata.tree(await addressOf(lab, name));
  return tree.instance['network-interfaces'][0]['forwarded-ips'];
}

describe('an address of a forwarding rule', () => {
  it('is delivered to its target, and to another one when the target is set', async () => {
    const { lab, routes } = await openWithRelays();
    const address = await reserve(lab, 'relay-01');
    const made = await rule(lab, 'relay-01', 'relay-01', { IPAddress: address, labels: { a: 'b' } });
    expect(made).toMatchObject({ ...RULE, IPAddress: address, region: expect.stringContaining(REGION) });
    expect(made.target).toMatch(new RegExp(`/zones/${ZONE}/targetInstances/relay-01$`));
    expect(routes).toEqual(new Map([[address, await addressOf(lab, 'relay-01')]]));
    expect(await forwardedIps(lab, 'relay-01')).toEqual([address]);
    let woken = 0;
    lab.server.metadata.onChange(() => {
      woken += 1;
    });
    await setTarget(lab, 'relay-01', 'relay-02');
    expect(woken).toBeGreaterThan(0);
    expect(routes).toEqual(new Map([[address, await addressOf(lab, 'relay-02')]]));
    expect(await forwardedIps(lab, 'relay-01')).toEqual([]);
    expect(await forwardedIps(lab, 'relay-02')).toEqual([address]);
  });

  it('stays where it is when the operation fails', async () => {
    const { lab, routes } = await openWithRelays();
    const { IPAddress } = await rule(lab, 'r', 'relay-01');
    await lab.send('POST', '/lab/v1/faults', {
      match: 'compute.forwardingRules.setTarget',
      times: 1,
      operation: { code: 'INTERNAL_ERROR' },
    });
    const requestBody = { target: link('relay-02') };
    const { data } = await lab.api.forwardingRules.setTarget({ ...here, forwardingRule: 'r', requestBody });
    expect((await lab.done(data)).error?.errors).toMatchObject([{ code: 'INTERNAL_ERROR' }]);
    expect(routes.get(IPAddress)).toBe(await addressOf(lab, 'relay-01'));
  });

  it('finds the re-created instance of the same name, and goes nowhere meanwhile', async () => {
    const { lab, routes, machines } = await openWithRelays();
    const { IPAddress } = await rule(lab, 'r', 'relay-01');
    const release = machines.holdBoots();
    const requestBody = { instances: [`zones/${ZONE}/instances/relay-01`] };
    await lab.api.instanceGroupManagers.recreateInstances({
      ...zone,
      instanceGroupManager: 'g',
      requestBody,
    });
    await eventually(() => !routes.has(IPAddress));
    release();
    await stable(lab, 'g');
    expect(routes.get(IPAddress)).toBe(await addressOf(lab, 'relay-01'));
    expect(await forwardedIps(lab, 'relay-01')).toEqual([IPAddress]);
  });

  it('is nobody else’s: no instance and no other rule gets it, and its reservation stays', async () => {
    const { lab } = await openWithRelays();
    const address = await reserve(lab, 'a');
    const { selfLink } = (await lab.api.addresses.get({ ...here, address: 'a' })).data;
    const { IPAddress } = await rule(lab, 'r', 'relay-01', { IPAddress: selfLink });
    expect(IPAddress).toBe(address);
    expect(await refused(rule(lab, 'other', 'relay-02', { IPAddress: address }))).toMatchObject({
      status: 400,
    });
    expect(await refused(lab.api.addresses.delete({ ...here, address: 'a' }))).toMatchObject({
      reason: 'resourceInUseByAnotherResource',
    });
    const chosen = (await rule(lab, 'third', 'relay-01')).IPAddress;
    const taken = await Promise.all(
      (await membersOf(lab, 'g')).map(({ name }) => addressOf(lab, name ?? '')),
    );
    expect([address, ...taken]).not.toContain(chosen);
  });

  it('goes with its rule', async () => {
    const { lab, routes } = await openWithRelays();
    await rule(lab, 'r', 'relay-01');
    expect(
      await refused(lab.api.targetInstances.delete({ ...zone, targetInstance: 'relay-01' })),
    ).toMatchObject({
      reason: 'resourceInUseByAnotherResource',
    });
    await lab.done((await lab.api.forwardingRules.delete({ ...here, forwardingRule: 'r' })).data);
    expect(routes).toEqual(new Map());
    expect(await forwardedIps(lab, 'relay-01')).toEqual([]);
  });

  it('is where it was after a restart of the lab', async () => {
    const { lab, routes, network, machines } = await openWithRelays();
    const { IPAddress } = await rule(lab, 'r', 'relay-01');
    await setTarget(lab, 'r', 'relay-02');
    await lab.server.close();
    routes.clear();
    const next = await openTestLab({ folder: lab.folder, network, machines });
    expect(routes).toEqual(new Map([[IPAddress, await addressOf(next, 'relay-02')]]));
  });
});

describe('a lab that is killed', () => {
  it('moves an address afterwards that it had promised to move', async () => {
    const { lab, routes, network, machines } = await openWithRelays();
    const { IPAddress } = await rule(lab, 'r', 'relay-01');
    await lab.server.close();
    const slow = await openTestLab({
      ...{ folder: lab.folder, network, machines },
      timing: { operationMs: 600_000, tickMs: 5, graceMs: 10 },
    });
    const requestBody = { target: link('relay-02') };
    await slow.api.forwardingRules.setTarget({ ...here, forwardingRule: 'r', requestBody });
    expect(routes.get(IPAddress)).toBe(await addressOf(slow, 'relay-01'));
    await slow.server.close();
    const next = await openTestLab({ folder: lab.folder, network, machines });
    const there = await addressOf(next, 'relay-02');
    await eventually(() => routes.get(IPAddress) === there);
  });
});

describe('what is refused', () => {
  it.each([
    ['a rule from outside', { loadBalancingScheme: 'EXTERNAL' }, 501],
    ['a backend service', { backendService: 'regions/x/backendServices/b' }, 501],
    ['no ports', { allPorts: undefined }, 400],
    ['six ports', { allPorts: false, ports: ['1', '2', '3', '4', '5', '6'] }, 400],
    ['a range of ports', { portRange: '1-2' }, 400],
    ['an address of elsewhere', { IPAddress: '192.0.2.1' }, 400],
    ['an address of a relay', { IPAddress: 'own' }, 400],
    ['no target', { target: '' }, 400],
    ['a target that is not there', { target: link('relay-09') }, 404],
    ['a target of another region', { target: 'zones/europe-west1-b/targetInstances/relay-01' }, 404],
  ])('%s', async (_what, extra, status) => {
    const { lab, routes } = await openWithRelays();
    const own = await addressOf(lab, 'relay-01');
    const wish = 'IPAddress' in extra && extra.IPAddress === 'own' ? { IPAddress: own } : extra;
    expect(await refused(rule(lab, 'r', 'relay-01', wish))).toMatchObject({ status });
    expect(routes).toEqual(new Map());
  });

  it('a target instance without its instance, or of another zone', async () => {
    const { lab } = await openWithRelays();
    const insert = (instance: string) =>
      lab.api.targetInstances.insert({ ...zone, requestBody: { name: 't', instance } });
    expect(await refused(insert(`zones/${ZONE}/instances/relay-09`))).toMatchObject({ status: 404 });
    expect(await refused(insert('zones/us-central1-b/instances/relay-01'))).toMatchObject({ status: 400 });
  });

  it('labels with a fingerprint that is not the present one', async () => {
    const { lab } = await openWithRelays();
    const { labelFingerprint } = await rule(lab, 'r', 'relay-01');
    const setLabels = (labels: Record<string, string>) =>
      lab.api.forwardingRules.setLabels({
        ...here,
        resource: 'r',
        requestBody: { labels, labelFingerprint },
      });
    await lab.done((await setLabels({ home: 'relay-01' })).data);
    expect(await refused(setLabels({ home: 'relay-02' }))).toMatchObject({ status: 412 });
    const { data } = await lab.api.forwardingRules.list({ ...here, filter: 'labels.home=relay-01' });
    expect(data.items?.map(({ name }) => name)).toEqual(['r']);
  });
});
