import { expect, test } from 'vitest';
import { FleetError } from '../../../lib/errors.ts';
import type { Gce } from '../../../lib/gce.ts';
import { troublesOf } from '../../../rollout/adapters/gce-preflight.ts';

const AT = 'https://x/compute/v1/projects/p';
const IMAGE = `${AT}/global/images/i2`;
const GROUP = { zone: 'r1-a', instanceGroupManager: 'g-r1-a' };

type Json = Readonly<Record<string, unknown>>;

function template(image: string, more: Json = {}, gb = 20): Json {
  const disk = {
    boot: true,
    initializeParams: { sourceImage: image, diskSizeGb: gb, diskType: 'pd-balanced' },
  };
  return {
    properties: {
      machineType: 'n2-standard-4',
      disks: [disk],
      networkInterfaces: [{ subnetwork: `${AT}/regions/r1/subnetworks/s1` }],
      ...more,
    },
  };
}

const relay = (name: string, from: string, more: Json = {}): Json => ({
  instance: `${AT}/zones/r1-a/instances/${name}`,
  version: { instanceTemplate: `${AT}/global/instanceTemplates/${from}` },
  ...more,
});

const vm = (name: string, subnetwork = 's1'): Json => ({
  name,
  networkInterfaces: [{ networkIP: '10.0.0.5', subnetwork: `${AT}/regions/r1/subnetworks/${subnetwork}` }],
});

/** One group with two relays on template t1 that wants t2; nothing is wrong. By `service.method` or `service.method name`. */
const WORLD: Json = {
  'instanceGroupManagers.get': {
    versions: [{ instanceTemplate: `${AT}/global/instanceTemplates/t2` }],
    statefulPolicy: { preservedState: { internalIPs: { nic0: {} } } },
    updatePolicy: { type: 'OPPORTUNISTIC', replacementMethod: 'RECREATE' },
  },
  'instanceGroupManagers.listManagedInstances': [relay('one', 't1'), relay('two', 't1')],
  'instances.list': [vm('one'), vm('two')],
  'instanceTemplates.get t1': template(`${AT}/global/images/i1`),
  'instanceTemplates.get t2': template(IMAGE),
  'images.get i2': { status: 'READY', diskSizeGb: '10', architecture: 'X86_64' },
  'machineTypes.get n2-standard-4': { guestCpus: 4, architecture: 'X86_64' },
  'machineTypes.get e2-standard-4': { guestCpus: 4, architecture: 'X86_64' },
  'machineTypes.get n2-standard-8': { guestCpus: 8, architecture: 'X86_64' },
  'machineTypes.get t2a-standard-4': { guestCpus: 4, architecture: 'ARM64' },
  'zones.get': { status: 'UP' },
  'regions.get': {
    quotas: [
      { metric: 'N2_CPUS', usage: 12, limit: 16 },
      { metric: 'CPUS', usage: 9, limit: 8 },
      { metric: 'SSD_TOTAL_GB', usage: 80, limit: 100 },
      { metric: 'INSTANCES', usage: 9, limit: 10 },
    ],
  },
  'addresses.list': [],
  'subnetworks.get s1': {},
};

/** Answers from `world`; what is not there is not found. */
function gceOf(world: Json): Gce {
  const call = async (service: string, method: string, request: Json) => {
    const name = request.instanceTemplate ?? request.image ?? request.machineType ?? request.subnetwork;
    const answer = world[`${service}.${method} ${name}`] ?? world[`${service}.${method}`];
    if (answer instanceof Error) throw answer;
    if (answer !== undefined) return answer;
    throw new FleetError({ kind: 'hold', code: 'gce-not-found', message: `no ${service}` });
  };
  return { project: 'p', call } as unknown as Gce;
}

const said = async (changes: Json) => {
  const troubles = await troublesOf(gceOf({ ...WORLD, ...changes }), 'http://lab', [GROUP]);
  for (const { next } of troubles) expect(next).toMatch(/^[A-Z].*\w/);
  return troubles.map(({ kind, message }) => `${kind}: ${message}`);
};

const group = (changes: Json): Json => ({
  'instanceGroupManagers.get': { ...(WORLD['instanceGroupManagers.get'] as Json), ...changes },
});

test('relays of the same size, with all that they need, are no trouble', async () => {
  expect(await said({})).toEqual([]);
});

test('where no relay is to be re-created nothing is asked', async () => {
  const all = { 'instanceGroupManagers.listManagedInstances': [relay('one', 't2')], 'zones.get': undefined };
  expect(await said({ ...all, 'images.get i2': undefined })).toEqual([]);
});

const unsupported = new FleetError({ kind: 'stop', code: 'gce-unsupported', message: 'not here' });
const denied = new FleetError({ kind: 'stop', code: 'gce-denied', message: 'you may not' });
const reserved = {
  'addresses.list': [
    { name: 'a1', address: '34.0.0.1', status: 'IN_USE', users: [`${AT}/zones/r1-a/instances/other`] },
  ],
};
const keeping = (externalIPs: Json): Json => ({
  'instanceGroupManagers.listManagedInstances': [
    relay('one', 't1', { preservedStateFromPolicy: { externalIPs: { nic0: { ipAddress: externalIPs } } } }),
  ],
});

test.each<readonly [string, Json, readonly string[]]>([
  [
    'a template that is gone',
    { 'instanceTemplates.get t2': undefined },
    ['stop: The groups want the instance template t2, and there is none of that name.'],
  ],
  [
    'an image that is gone',
    { 'images.get i2': undefined },
    ['stop: Template t2 boots the image i2, which is not there.'],
  ],
  [
    'an image that is being made',
    { 'images.get i2': { status: 'PENDING' } },
    ['stop: The image i2 of template t2 is PENDING.'],
  ],
  [
    'an image that was retired',
    { 'images.get i2': { status: 'READY', deprecated: { state: 'OBSOLETE' } } },
    ['stop: The image i2 of template t2 is OBSOLETE, so that no VM can be made from it.'],
  ],
  ['an image that is only deprecated', { 'images.get i2': { deprecated: { state: 'DEPRECATED' } } }, []],
  [
    'a disk smaller than its image',
    { 'images.get i2': { status: 'READY', diskSizeGb: '30' } },
    ['stop: Template t2 asks for a disk of 20 GB, and its image i2 holds 30 GB.'],
  ],
  [
    'an image of another project',
    { 'instanceTemplates.get t2': template('projects/q/global/images/i9') },
    [],
  ],
  [
    'a zone that is down',
    { 'zones.get': { status: 'DOWN' } },
    ['stop: Zone r1-a is DOWN, so that no VM is made in it.'],
  ],
  [
    'a machine type that the zone has not',
    { 'instanceTemplates.get t2': template(IMAGE, { machineType: 'c9-standard-4' }) },
    ['stop: Zone r1-a has no machine type c9-standard-4, which template t2 asks for.'],
  ],
  [
    'an image for other processors',
    { 'instanceTemplates.get t2': template(IMAGE, { machineType: 't2a-standard-4' }) },
    ['stop: Template t2 boots an image for X86_64 on t2a-standard-4, which is ARM64.'],
  ],
  [
    'a group that replaces by itself, and under other names',
    group({ updatePolicy: { type: 'PROACTIVE', replacementMethod: 'SUBSTITUTE' } }),
    [
      'stop: The group g-r1-a in r1-a is PROACTIVE: it replaces relays by itself, with their calls.',
      'stop: The group g-r1-a in r1-a replaces by SUBSTITUTE: a new relay would have another name and address.',
    ],
  ],
  [
    'larger machines than the quota allows',
    { 'instanceTemplates.get t2': template(IMAGE, { machineType: 'n2-standard-8' }) },
    ['stop: r1 uses 12 of its quota of 16 N2_CPUS, and the new VMs need 8 more than the old ones.'],
  ],
  [
    'larger disks than the quota allows',
    { 'instanceTemplates.get t2': template(IMAGE, {}, 31) },
    ['stop: r1 uses 80 of its quota of 100 SSD_TOTAL_GB, and the new VMs need 22 more than the old ones.'],
  ],
  [
    'machines of a family whose quota is full',
    { 'instanceTemplates.get t2': template(IMAGE, { machineType: 'e2-standard-4' }) },
    ['stop: r1 uses 9 of its quota of 8 CPUS, and the new VMs need 8 more than the old ones.'],
  ],
  ['larger disks that just fit', { 'instanceTemplates.get t2': template(IMAGE, {}, 30) }, []],
  [
    'an old template that is gone: its VMs are taken to be as large',
    { 'instanceTemplates.get t1': undefined, 'instanceTemplates.get t2': template(IMAGE, {}, 500) },
    [],
  ],
  [
    'a quota that is exceeded already',
    {
      'regions.get': {
        quotas: [
          { metric: 'INSTANCES', usage: 11, limit: 10 },
          { metric: 'ROUTERS', usage: 9, limit: 1 },
        ],
      },
    },
    ['stop: r1 uses 11 of its quota of 10 INSTANCES: a deleted VM could not be made again.'],
  ],
  [
    'a subnetwork to which no relay can move with its address',
    { 'instances.list': [vm('one', 's0'), vm('two', 's0')] },
    [
      'stop: Template t2 puts relays into the subnetwork s1, and one keeps 10.0.0.5 of s0; so do 1 others of r1-a.',
    ],
  ],
  [
    'addresses that are not kept, and none that is free',
    {
      ...group({ statefulPolicy: {} }),
      'instances.list': [vm('one', 's0'), vm('two')],
      'subnetworks.get s1': { utilizationDetails: { ipv4Utilizations: [{ totalFreeIp: '0' }] } },
    },
    [
      'warn: The group g-r1-a in r1-a does not keep internal addresses: a new relay may come back under another, which no SIP proxy knows.',
      'stop: The subnetwork r1/s1 has 0 free addresses, and 1 new relays need one each.',
    ],
  ],
  [
    'a reserved address that is gone',
    keeping({ address: `${AT}/regions/r1/addresses/a1` }),
    ['stop: one keeps the reserved address a1, and r1 has none of that name.'],
  ],
  [
    'a reserved address that somebody else has',
    { ...keeping({ literal: '34.0.0.1' }), ...reserved },
    ['stop: The address a1 (34.0.0.1) that one keeps is used by other.'],
  ],
  [
    'its own reserved address',
    {
      ...keeping({ address: `${AT}/regions/r1/addresses/a1` }),
      'addresses.list': [{ name: 'a1', address: '34.0.0.1', users: [`${AT}/zones/r1-a/instances/one`] }],
    },
    [],
  ],
  [
    'what an endpoint does not have',
    {
      'machineTypes.get n2-standard-4': unsupported,
      'regions.get': unsupported,
      'addresses.list': unsupported,
    },
    [],
  ],
  [
    'what one may not see is told, and stops nothing',
    { 'addresses.list': denied },
    ['warn: The reserved addresses of r1 cannot be looked at before the rollout: you may not'],
  ],
])('%s', async (_, changes, expected) => {
  expect(await said(changes)).toEqual(expected);
});

test('every trouble is told at once', async () => {
  const all = await said({
    'images.get i2': undefined,
    'zones.get': { status: 'DOWN' },
    'regions.get': { quotas: [{ metric: 'INSTANCES', usage: 11, limit: 10 }] },
  });
  expect(all).toHaveLength(3);
});

test('a cloud that cannot be read at all is no list of troubles', async () => {
  const away = new FleetError({ kind: 'retry', code: 'gce-unavailable', message: 'away' });
  await expect(said({ 'zones.get': away })).rejects.toThrow('away');
});
