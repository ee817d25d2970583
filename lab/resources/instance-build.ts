import type { Lab } from '../context.ts';
import { fingerprintOf, newId, timestamp } from '../context.ts';
import { linkTo, readLink } from '../links.ts';
import { invalid, unsupported } from '../refusal.ts';
import type { InstanceRecord } from '../state.ts';
import type { Image, Instance, InstanceProperties, Link } from '../types.ts';
import { checkLabels, checkName } from './call.ts';
import { bootImage } from './images.ts';
import { completeMetadata } from './instance-metadata.ts';
import { interfaces } from './instance-nic.ts';

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
