import { describe, expect, it } from 'vitest';
import {
  addGroup,
  addImage,
  addTemplate,
  openTestLab,
  PROJECT,
  REGION,
  refused,
  type TestLab,
  ZONE,
} from '../support/lab-server.ts';

const at = { project: PROJECT, zone: ZONE };

async function openWithVm(items: object[] = []): Promise<{ lab: TestLab; address: string }> {
  const lab = await openTestLab();
  await addImage(lab, 'relay-1');
  await addTemplate(lab, 't1', {
    metadata: { items },
    tags: { items: ['rtp'] },
    networkInterfaces: [{ accessConfigs: [{}] }],
  });
  const { data } = await lab.api.instances.insert({
    ...at,
    sourceInstanceTemplate: 'global/instanceTemplates/t1',
    requestBody: { name: 'vm1' },
  });
  await lab.done(data);
  const { networkInterfaces } = (await lab.api.instances.get({ ...at, instance: 'vm1' })).data;
  return { lab, address: networkInterfaces?.[0]?.networkIP ?? '' };
}

describe('what a machine reads of itself', () => {
  it('is the tree of the Compute Engine metadata server', async () => {
    const { lab, address } = await openWithVm([{ key: 'startup-script', value: 'true' }]);
    const { id } = (await lab.api.instances.get({ ...at, instance: 'vm1' })).data;
    expect(lab.server.metadata.tree(address)).toMatchObject({
      instance: {
        attributes: { 'startup-script': 'true' },
        hostname: `vm1.${ZONE}.c.${PROJECT}.internal`,
        id,
        'machine-type': expect.stringMatching(/^projects\/\d+\/machineTypes\/e2-small$/),
        name: 'vm1',
        'network-interfaces': [
          {
            'access-configs': [{ 'external-ip': address, type: 'ONE_TO_ONE_NAT' }],
            gateway: '127.90.0.1',
            ip: address,
            mac: `42:01:7f:5a:00:0${address.split('.').at(-1)}`,
            mtu: 1460,
            network: expect.stringMatching(/^projects\/\d+\/networks\/default$/),
            subnetmask: '255.255.255.0',
          },
        ],
        tags: ['rtp'],
        zone: expect.stringMatching(new RegExp(`^projects/\\d+/zones/${ZONE}$`)),
      },
      project: { 'project-id': PROJECT, attributes: {} },
    });
    expect(lab.server.metadata.tree('127.90.0.200')).toBeUndefined();
  });

  it('changes with the metadata of the instance and the project, and who waits is told', async () => {
    const { lab, address } = await openWithVm();
    let woken = 0;
    const stop = lab.server.metadata.onChange(() => {
      woken += 1;
    });
    await lab.api.instances.setMetadata({
      ...at,
      instance: 'vm1',
      requestBody: { items: [{ key: 'a', value: '1' }] },
    });
    await lab.api.projects.setCommonInstanceMetadata({
      project: PROJECT,
      requestBody: { items: [{ key: 'ssh-keys', value: 'x' }] },
    });
    expect(woken).toBe(2);
    stop();
    await lab.api.instances.setMetadata({ ...at, instance: 'vm1', requestBody: { items: [] } });
    expect(woken).toBe(2);
    expect(lab.server.metadata.tree(address)).toMatchObject({
      instance: { attributes: {} },
      project: { attributes: { 'ssh-keys': 'x' } },
    });
  });
});

describe('guest attributes', () => {
  const read = async (lab: TestLab, queryPath: string) =>
    (await lab.api.instances.getGuestAttributes({ ...at, instance: 'vm1', queryPath })).data.queryValue
      ?.items;

  it('are written by the machine and read by clients: one, a namespace, all', async () => {
    const { lab, address } = await openWithVm([{ key: 'enable-guest-attributes', value: 'TRUE' }]);
    expect(await refused(read(lab, 'rtpfleet/version'))).toMatchObject({ status: 404 });
    expect(lab.server.metadata.putGuestAttribute(address, 'rtpfleet', 'version', 'mr1')).toBe(true);
    expect(lab.server.metadata.putGuestAttribute(address, 'hostkeys', 'rsa', 'k')).toBe(true);
    const version = { namespace: 'rtpfleet', key: 'version', value: 'mr1' };
    expect(await read(lab, 'rtpfleet/version')).toEqual([version]);
    expect(await read(lab, 'rtpfleet/')).toEqual([version]);
    expect(await read(lab, '')).toHaveLength(2);
    expect(lab.server.metadata.tree(address)).toMatchObject({
      instance: { 'guest-attributes': { rtpfleet: { version: 'mr1' } } },
    });
  });

  it('are refused unless they are enabled on the instance or in the project', async () => {
    const { lab, address } = await openWithVm();
    expect(lab.server.metadata.putGuestAttribute(address, 'n', 'k', 'v')).toBe(false);
    await lab.api.projects.setCommonInstanceMetadata({
      project: PROJECT,
      requestBody: { items: [{ key: 'enable-guest-attributes', value: 'true' }] },
    });
    expect(lab.server.metadata.putGuestAttribute(address, 'n', 'k', 'v')).toBe(true);
    expect(lab.server.metadata.putGuestAttribute('127.90.0.200', 'n', 'k', 'v')).toBe(false);
  });
});

describe('network kinds', () => {
  it('are kept, found in use, and changed', async () => {
    const lab = await openTestLab();
    const { api } = lab;
    const network = `projects/${PROJECT}/global/networks/fleet`;
    await lab.done(
      (
        await api.networks.insert({
          project: PROJECT,
          requestBody: { name: 'fleet', autoCreateSubnetworks: false },
        })
      ).data,
    );
    const subnet = { name: 'relays', network, ipCidrRange: '127.90.0.0/24' };
    await lab.done(
      (await api.subnetworks.insert({ project: PROJECT, region: REGION, requestBody: subnet })).data,
    );
    const firewall = {
      name: 'rtp',
      network,
      allowed: [{ IPProtocol: 'udp', ports: ['30000-40000'] }],
      sourceRanges: ['0.0.0.0/0'],
    };
    await lab.done((await api.firewalls.insert({ project: PROJECT, requestBody: firewall })).data);
    await lab.done(
      (
        await api.firewalls.patch({
          project: PROJECT,
          firewall: 'rtp',
          requestBody: { sourceRanges: ['192.0.2.0/24'] },
        })
      ).data,
    );
    expect((await api.firewalls.get({ project: PROJECT, firewall: 'rtp' })).data).toMatchObject({
      direction: 'INGRESS',
      priority: 1000,
      sourceRanges: ['192.0.2.0/24'],
    });
    const nats = [
      {
        name: 'nat',
        natIpAllocateOption: 'AUTO_ONLY',
        sourceSubnetworkIpRangesToNat: 'ALL_SUBNETWORKS_ALL_IP_RANGES',
      },
    ];
    await lab.done(
      (
        await api.routers.insert({
          project: PROJECT,
          region: REGION,
          requestBody: { name: 'r', network, nats },
        })
      ).data,
    );
    expect((await api.networks.get({ project: PROJECT, network: 'fleet' })).data.subnetworks).toHaveLength(1);
    expect(await refused(api.networks.delete({ project: PROJECT, network: 'fleet' }))).toMatchObject({
      reason: 'resourceInUseByAnotherResource',
    });
    await lab.done(
      (await api.subnetworks.delete({ project: PROJECT, region: REGION, subnetwork: 'relays' })).data,
    );
    expect((await api.networks.get({ project: PROJECT, network: 'fleet' })).data.subnetworks).toEqual([]);
  });

  it('keep reserved addresses from machines, and give them to those that ask', async () => {
    const { lab } = await openWithVm();
    const requestBody = { name: 'ip', addressType: 'INTERNAL', address: '127.90.0.9' };
    await lab.done((await lab.api.addresses.insert({ project: PROJECT, region: REGION, requestBody })).data);
    expect(
      await refused(
        lab.api.addresses.insert({
          project: PROJECT,
          region: REGION,
          requestBody: { ...requestBody, name: 'ip2' },
        }),
      ),
    ).toMatchObject({ status: 400 });
    await addGroup(lab, 'g', 8);
    const { data } = await lab.api.instances.list({ ...at });
    const addresses = data.items?.map(({ networkInterfaces }) => networkInterfaces?.[0]?.networkIP);
    expect(addresses).not.toContain('127.90.0.9');
    const asks = {
      name: 'vm2',
      networkInterfaces: [{ network: 'global/networks/default', networkIP: '127.90.0.9' }],
    };
    await lab.done(
      (
        await lab.api.instances.insert({
          ...at,
          sourceInstanceTemplate: 'global/instanceTemplates/t1',
          requestBody: asks,
        })
      ).data,
    );
    expect(
      await refused(lab.api.addresses.delete({ project: PROJECT, region: REGION, address: 'ip' })),
    ).toMatchObject({ status: 400 });
  });

  it('refuse probes that the lab cannot make', async () => {
    const lab = await openTestLab();
    const insert = (requestBody: object) =>
      refused(lab.api.healthChecks.insert({ project: PROJECT, requestBody: { name: 'hc', ...requestBody } }));
    expect(await insert({ type: 'GRPC' })).toMatchObject({ status: 501 });
    expect(await insert({ type: 'TCP', checkIntervalSec: 1, timeoutSec: 5 })).toMatchObject({ status: 400 });
  });
});
