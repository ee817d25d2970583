/**
 * What each program may ask of Google, as the calls that it makes and the permissions that these need. Pure.
 * Source: the section "IAM Permissions" of each method in Google's reference of the Compute Engine API (v1).
 */

/** `collection.method` of the GCE API → permissions that whoever calls it needs. */
type Calls = Readonly<Record<string, readonly string[]>>;

/** Waiting for an operation asks for it by name. */
const OPERATIONS = [
  'compute.zoneOperations.get',
  'compute.regionOperations.get',
  'compute.globalOperations.get',
];

/** The calls of `rollout/`: it reads, labels relays, asks a group to re-create one, and points a group back at an earlier template. */
export const CONTROLLER_CALLS: Calls = {
  'instanceGroupManagers.get': ['compute.instanceGroupManagers.get'],
  'instanceGroupManagers.listManagedInstances': ['compute.instanceGroupManagers.get'],
  'instanceGroupManagers.listPerInstanceConfigs': ['compute.instanceGroupManagers.get'],
  'instanceGroupManagers.patchPerInstanceConfigs': ['compute.instanceGroupManagers.update'],
  'instanceGroupManagers.deletePerInstanceConfigs': ['compute.instanceGroupManagers.update'],
  // To want a template whose machines run as an account also needs to be allowed to act as it: identity.ts grants that on the relays' alone.
  'instanceGroupManagers.patch': [
    'compute.instanceGroupManagers.update',
    'compute.instanceTemplates.useReadOnly',
  ],
  'instanceGroupManagers.applyUpdatesToInstances': ['compute.instanceGroupManagers.update'],
  'instanceTemplates.get': ['compute.instanceTemplates.get'],
  'instanceTemplates.list': ['compute.instanceTemplates.list'],
  'instances.get': ['compute.instances.get'],
  'instances.list': ['compute.instances.list'],
  'instances.setLabels': ['compute.instances.setLabels'],
  'instances.getGuestAttributes': ['compute.instances.getGuestAttributes'],
  // Before the first act: can every VM that it will order be made again?
  'addresses.list': ['compute.addresses.list'],
  'images.get': ['compute.images.get'],
  'machineTypes.get': ['compute.machineTypes.get'],
  'regions.get': ['compute.regions.get'],
  'subnetworks.get': ['compute.subnetworks.get'],
  'zones.get': ['compute.zones.get'],
  // Of relays with floating addresses: where these are, and to bring one to another relay.
  'forwardingRules.list': ['compute.forwardingRules.list'],
  'forwardingRules.setTarget': ['compute.forwardingRules.setTarget', 'compute.targetInstances.use'],
};

/** The calls of `image-builder/`: images, and the one machine in which an image is examined. */
export const PUBLISHER_CALLS: Calls = {
  'globalOperations.list': ['compute.globalOperations.list'],
  'images.get': ['compute.images.get'],
  'images.list': ['compute.images.list'],
  'images.insert': ['compute.images.create', 'compute.images.setLabels'],
  'images.setLabels': ['compute.images.setLabels'],
  'images.deprecate': ['compute.images.deprecate'],
  'images.delete': ['compute.images.delete'],
  'instances.insert': [
    'compute.disks.create',
    'compute.images.useReadOnly',
    'compute.instances.create',
    'compute.instances.setLabels',
    'compute.instances.setMetadata',
    'compute.networks.use',
    'compute.subnetworks.use',
  ],
  'instances.get': ['compute.instances.get'],
  'instances.delete': ['compute.disks.delete', 'compute.instances.delete'],
  'instances.getGuestAttributes': ['compute.instances.getGuestAttributes'],
  'instances.getSerialPortOutput': ['compute.instances.getSerialPortOutput'],
  // Who uses an image: looked at before one is deleted.
  'disks.aggregatedList': ['compute.disks.list'],
  'instanceGroupManagers.aggregatedList': ['compute.instanceGroupManagers.list'],
  'instanceTemplates.aggregatedList': ['compute.instanceTemplates.list'],
};

/** Cloud Storage, through which an archive is imported: the bucket is made when there is none (lib/storage.ts). */
const PUBLISHER_STORAGE = [
  'storage.buckets.create',
  'storage.buckets.get',
  'storage.objects.create',
  'storage.objects.delete',
  'storage.objects.get',
  'storage.objects.list',
];

/** Every permission of the rollout's role, sorted. */
export function controllerPermissions(): readonly string[] {
  return distinct([...Object.values(CONTROLLER_CALLS).flat(), ...OPERATIONS]);
}

/** Every permission of the image builder's role, sorted. */
export function publisherPermissions(): readonly string[] {
  return distinct([...Object.values(PUBLISHER_CALLS).flat(), ...PUBLISHER_STORAGE, ...OPERATIONS]);
}

function distinct(permissions: readonly string[]): readonly string[] {
  return [...new Set(permissions)].sort();
}
