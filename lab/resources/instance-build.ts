/** From what a client or a template asks for to the instance as GCE shows it. */
import { inRange, nextAddress, takenAddresses } from '../addresses.ts';
import type { Lab } from '../context.ts';
import { fingerprintOf, newId, timestamp } from '../context.ts';
import { lastOf, linkTo, readLink, regionOfZone } from '../links.ts';
import { invalid, unsupported } from '../refusal.ts';
import type { InstanceRecord } from '../state.ts';
import type { Image, Instance, InstanceProperties, Link, Metadata, NetworkInterface } from '../types.ts';
import { checkLabels, checkName, entryOf } from './call.ts';
import { bootImage } from './images.ts';

export type InstanceRequest = {
  readonly name: string;
  readonly zone: string;
  /** Everything but the name: an instance's body, or a template's properties. */
  readonly properties: InstanceProperties;
  readonly description?: string;
  /** Address it must have (stateful); else one is chosen. */
  readonly address?: string | undefined;
  readonly group?: Link;
};

/** Asked for, but the lab's machines cannot do it. */
const BEYOND: readonly (keyof InstanceProperties)[] = ['guestAccelerators', 'reservationAffinity'];

/** The record of a new instance, status PROVISIONING, not yet in any table. Refuses what GCE would refuse. */
export function buildInstance(lab: Lab, request: InstanceRequest): InstanceRecord {
  const { properties, zone } = request;
  const name = checkName(request.name);
  refuseBeyond(properties);
  const image = imageFor(lab, properties);
  const id = newId(lab);
  const zoneLink = linkTo(lab.project, `zones/${zone}`);
  const labels = checkLabels(properties.labels);
  const resource: Instance = {
    kind: 'compute#instance',
    id,
    name,
    creationTimestamp: timestamp(lab),
    ...(request.description ? { description: request.description } : {}),
    selfLink: `${zoneLink}/instances/${name}`,
    zone: zoneLink,
    status: 'PROVISIONING',
    machineType: readLink(
      'resource.machineType',
      properties.machineType ?? 'e2-medium',
      lab.project,
      `zones/${zone}`,
      'machineTypes',
    ),
    cpuPlatform: 'Unknown CPU Platform',
    canIpForward: properties.canIpForward ?? false,
    deletionProtection: false,
    startRestricted: false,
    labels,
    labelFingerprint: fingerprintOf(labels),
    metadata: completeMetadata(properties.metadata),
    tags: { items: properties.tags?.items ?? [], fingerprint: fingerprintOf(properties.tags?.items) },
    networkInterfaces: interfaces(lab, request),
    disks: [bootDisk(lab, name, zone, image, properties)],
    scheduling: {
      onHostMaintenance: 'MIGRATE',
      automaticRestart: true,
      preemptible: false,
      provisioningModel: 'STANDARD',
      ...properties.scheduling,
    },
    serviceAccounts: properties.serviceAccounts ?? [],
    shieldedInstanceConfig: {
      enableSecureBoot: false,
      enableVtpm: true,
      enableIntegrityMonitoring: true,
      ...properties.shieldedInstanceConfig,
    },
  };
  resource.fingerprint = fingerprintOf(resource);
  const group = request.group === undefined ? {} : { group: request.group };
  return { resource, imageId: String(image.id), guestAttributes: {}, ...group };
}

function refuseBeyond(properties: InstanceProperties): void {
  const beyond = BEYOND.find((key) => {
    const value = properties[key];
    return Array.isArray(value) ? value.length > 0 : value != null;
  });
  if (beyond !== undefined) throw unsupported(`compute.instances.insert with ${beyond}`);
  if ((properties.disks ?? []).length > 1)
    throw unsupported('compute.instances.insert with more than one disk');
  if ((properties.networkInterfaces ?? []).length > 1)
    throw unsupported('compute.instances.insert with more than one network interface');
}

function imageFor(lab: Lab, properties: InstanceProperties): Image {
  const disk = properties.disks?.find(({ boot }) => boot);
  if (disk === undefined)
    throw invalid('resource.disks', properties.disks ?? [], 'Boot disk must be specified.');
  if (disk.source) throw unsupported('compute.instances.insert with an existing disk');
  const source = disk.initializeParams?.sourceImage;
  if (!source)
    throw invalid('resource.disks[0].initializeParams.sourceImage', '', 'A source image must be specified.');
  return bootImage(
    lab,
    readLink('resource.disks[0].initializeParams.sourceImage', source, lab.project, 'global', 'images'),
  );
}

function bootDisk(lab: Lab, name: string, zone: string, image: Image, properties: InstanceProperties) {
  const asked = properties.disks?.find(({ boot }) => boot);
  return {
    kind: 'compute#attachedDisk',
    type: 'PERSISTENT',
    mode: 'READ_WRITE',
    interface: 'SCSI',
    index: 0,
    boot: true,
    autoDelete: asked?.autoDelete ?? false,
    deviceName: asked?.deviceName ?? 'persistent-disk-0',
    source: linkTo(lab.project, `zones/${zone}/disks/${name}`),
    diskSizeGb: String(asked?.initializeParams?.diskSizeGb ?? image.diskSizeGb),
    architecture: image.architecture ?? 'X86_64',
    guestOsFeatures: image.guestOsFeatures ?? [],
    licenses: image.licenses ?? [],
  };
}

/** Metadata with its fingerprint; keys and sizes as GCE allows them. */
export function completeMetadata(metadata: Metadata | null | undefined): Metadata {
  const items = metadata?.items ?? [];
  let total = 0;
  for (const { key, value } of items) {
    if (!/^[a-zA-Z0-9-_]{1,128}$/.test(key ?? ''))
      throw invalid('resource.metadata.items.key', key, 'Metadata keys must match [a-zA-Z0-9-_]{1,128}.');
    if ((value ?? '').length > 256 * 1024)
      throw invalid(`resource.metadata.items.${key}`, '…', 'Metadata values may have at most 256 KiB.');
    total += (key ?? '').length + (value ?? '').length;
  }
  if (new Set(items.map(({ key }) => key)).size < items.length)
    throw invalid('resource.metadata.items', '', 'Metadata has duplicate keys.');
  if (total > 512 * 1024)
    throw invalid('resource.metadata', '…', 'Metadata may have at most 512 KiB in all.');
  return { kind: 'compute#metadata', fingerprint: fingerprintOf(items), items };
}

function interfaces(lab: Lab, request: InstanceRequest): NetworkInterface[] {
  const [asked] = request.properties.networkInterfaces ?? [];
  if (asked === undefined)
    throw invalid('resource.networkInterfaces', [], 'At least one network interface is required.');
  const region = regionOfZone(request.zone);
  const { subnetworks, networks } = lab.state.tables;
  const networkText = asked.network ?? (asked.subnetwork ? undefined : 'global/networks/default');
  const subnetwork = readLink(
    'resource.networkInterfaces[0].subnetwork',
    asked.subnetwork || `regions/${region}/subnetworks/${lastOf(networkText ?? 'default')}`,
    lab.project,
    `regions/${region}`,
    'subnetworks',
  );
  const known = entryOf(subnetworks, subnetwork).resource;
  const network = networkText
    ? readLink('resource.networkInterfaces[0].network', networkText, lab.project, 'global', 'networks')
    : (known.network ?? '');
  entryOf(networks, network);
  if (known.network !== network)
    throw invalid(
      'resource.networkInterfaces[0].subnetwork',
      subnetwork,
      'The subnetwork is of another network.',
    );
  const networkIP = request.address ?? askedAddress(lab, asked.networkIP) ?? nextAddress(lab);
  const resource: NetworkInterface = {
    kind: 'compute#networkInterface',
    name: 'nic0',
    network,
    subnetwork,
    networkIP,
    stackType: 'IPV4_ONLY',
    fingerprint: fingerprintOf({ network, networkIP }),
  };
  const accessConfigs = externalAccess(asked, networkIP);
  return [accessConfigs === undefined ? resource : { ...resource, accessConfigs }];
}

/** `networkIP` of the request: an address, or the link or name of a reserved one. */
function askedAddress(lab: Lab, asked: string | null | undefined): string | undefined {
  if (!asked) return undefined;
  const reserved = Object.values(lab.state.tables.addresses).find(
    ({ resource }) => resource.selfLink === asked || resource.address === asked,
  );
  const address = reserved?.resource.address ?? asked;
  const used = Object.values(lab.state.tables.instances).some(({ resource }) =>
    resource.networkInterfaces?.some(({ networkIP }) => networkIP === address),
  );
  if (!inRange(lab, address) || used || (!reserved && takenAddresses(lab).has(address)))
    throw invalid(
      'resource.networkInterfaces[0].networkIP',
      address,
      'The address is not free in the subnetwork.',
    );
  return address;
}

/**
 * GCE maps an external address one to one onto the internal one. The lab has no internet beside its own network, so the map
 * is the identity: what is sent to the external address arrives, because it is the machine's own.
 */
function externalAccess(asked: NetworkInterface, own: string): NetworkInterface['accessConfigs'] | undefined {
  const [config] = asked.accessConfigs ?? [];
  if (config === undefined) return undefined;
  if (config.natIP && config.natIP !== own) throw unsupported('an instance with a static external address');
  const names = { name: config.name ?? 'External NAT', type: config.type ?? 'ONE_TO_ONE_NAT' };
  return [
    { kind: 'compute#accessConfig', ...names, natIP: own, networkTier: config.networkTier ?? 'PREMIUM' },
  ];
}
