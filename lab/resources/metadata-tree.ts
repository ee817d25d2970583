/**
 * What a machine reads at `metadata.google.internal/computeMetadata/v1/`: names of paths (`network-interfaces`), lists as arrays.
 * Source: cloud.google.com/compute/docs/metadata/predefined-metadata-keys.
 */
import { hostsOf } from '../addresses.ts';
import type { Lab } from '../context.ts';
import { projectNumber } from '../context.ts';
import { forwardedTo } from '../forwarding.ts';
import { lastOf, zoneOf } from '../links.ts';
import type { MetadataTree } from '../ports.ts';
import type { InstanceRecord } from '../state.ts';
import type { Instance, Metadata, NetworkInterface } from '../types.ts';

/** GCE's default for a VPC network. */
const MTU = 1460;

const attributesOf = (metadata: Metadata | null | undefined): Record<string, string> =>
  Object.fromEntries((metadata?.items ?? []).map(({ key, value }) => [key ?? '', value ?? '']));

/** The machine that has this address. */
export function instanceAt(lab: Lab, address: string): InstanceRecord | undefined {
  return Object.values(lab.state.tables.instances).find(({ resource }) =>
    resource.networkInterfaces?.some(({ networkIP }) => networkIP === address),
  );
}

export function metadataTree(lab: Lab, { resource, imageId, guestAttributes }: InstanceRecord): MetadataTree {
  const number = projectNumber(lab.project);
  const image = Object.values(lab.state.tables.images).find((each) => String(each.resource.id) === imageId);
  return {
    instance: {
      ...instanceTree(lab, resource, number),
      image: `projects/${lab.project}/global/images/${image?.resource.name}`,
      'guest-attributes': nested(guestAttributes),
    },
    project: {
      attributes: attributesOf(lab.state.commonMetadata),
      'numeric-project-id': Number(number),
      'project-id': lab.project,
    },
  };
}

function instanceTree(lab: Lab, resource: Instance, number: string): MetadataTree {
  const zone = zoneOf(resource.selfLink ?? '');
  const { name = '' } = resource;
  return {
    attributes: attributesOf(resource.metadata),
    'cpu-platform': resource.cpuPlatform ?? '',
    description: resource.description ?? '',
    disks: (resource.disks ?? []).map((disk) => ({
      'device-name': disk.deviceName ?? '',
      index: disk.index ?? 0,
      interface: disk.interface ?? '',
      mode: disk.mode ?? '',
      type: disk.type === 'PERSISTENT' ? 'PERSISTENT-BALANCED' : (disk.type ?? ''),
    })),
    hostname: `${name}.${zone}.c.${lab.project}.internal`,
    id: String(resource.id),
    licenses: [],
    'machine-type': `projects/${number}/machineTypes/${lastOf(resource.machineType ?? '')}`,
    'maintenance-event': 'NONE',
    name: name ?? '',
    'network-interfaces': (resource.networkInterfaces ?? []).map((nic) => ({
      ...nicTree(lab, nic, number),
      'forwarded-ips': forwardedTo(lab, resource.selfLink ?? ''),
    })),
    preempted: false,
    'remaining-cpu-time': -1,
    scheduling: {
      'automatic-restart': resource.scheduling?.automaticRestart ?? true,
      'on-host-maintenance': resource.scheduling?.onHostMaintenance ?? 'MIGRATE',
      preemptible: resource.scheduling?.preemptible ?? false,
    },
    'service-accounts': accountTree(resource),
    tags: resource.tags?.items ?? [],
    'virtual-clock': { 'drift-token': '0' },
    zone: `projects/${number}/zones/${zone}`,
  };
}

/** 42:01 and the four bytes of the address, as on GCE. */
export function hardwareAddress(address: string): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return ['42', '01', ...bytes].join(':');
}

function nicTree(lab: Lab, nic: NetworkInterface, number: string): MetadataTree {
  const ip = nic.networkIP ?? '';
  return {
    'access-configs': (nic.accessConfigs ?? []).map(({ natIP, type }) => ({
      'external-ip': natIP ?? '',
      type: type ?? 'ONE_TO_ONE_NAT',
    })),
    'dns-servers': [lab.network.gateway],
    gateway: lab.network.gateway,
    ip,
    'ip-aliases': [],
    mac: hardwareAddress(ip),
    mtu: MTU,
    network: `projects/${number}/networks/${lastOf(nic.network ?? '')}`,
    subnetmask: netmask(lab.network.range),
    'target-instance-ips': [],
  };
}

function netmask(range: string): string {
  const { first, last } = hostsOf(range);
  const mask = 2 ** 32 - (last - first + 3);
  return [24, 16, 8, 0].map((shift) => Math.floor(mask / 2 ** shift) % 256).join('.');
}

/** Accounts by e-mail, the first also as `default`. */
function accountTree({ serviceAccounts }: Instance): MetadataTree {
  const accounts = (serviceAccounts ?? []).map(({ email, scopes }, index) => {
    const aliases = index === 0 ? ['default'] : [];
    return [email ?? 'default', { aliases, email: email ?? '', scopes: scopes ?? [] }] as const;
  });
  const [first] = accounts;
  return Object.fromEntries(first ? [['default', first[1]], ...accounts] : []);
}

/** `{'ns/key': v}` → `{ns: {key: v}}`. */
function nested(flat: Readonly<Record<string, string>>): MetadataTree {
  const tree: Record<string, Record<string, string>> = {};
  for (const [path, value] of Object.entries(flat)) {
    const slash = path.indexOf('/');
    const namespace = path.slice(0, slash);
    tree[namespace] = { ...tree[namespace], [path.slice(slash + 1)]: value };
  }
  return tree;
}

/** Guest attributes can be written only where `enable-guest-attributes` is TRUE, on the instance or else in the project. */
export function guestAttributesEnabled(lab: Lab, { resource }: InstanceRecord): boolean {
  const key = 'enable-guest-attributes';
  const value = attributesOf(resource.metadata)[key] ?? attributesOf(lab.state.commonMetadata)[key];
  return value?.toUpperCase() === 'TRUE';
}
