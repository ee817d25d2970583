/** The instance template: what a relay made from one image is, in one region, or in one zone where relays have floating addresses. */
import { InstanceTemplate } from '@pulumi/gcp/compute/instanceTemplate.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { hasFloatingAddresses } from '../configs/floating.ts';
import { LABEL, METADATA, templateName } from '../configs/naming.ts';
import { relayCount } from '../configs/places.ts';
import type { Settings } from './config.ts';
import { type Addresses, floatingMetadata } from './floating.ts';
import { relayScopes } from './identity.ts';
import type { RedisPlace } from './redis/place.ts';

export type TemplateInputs = {
  readonly settings: Settings;
  readonly region: string;
  /** Of relays with floating addresses, whose template is for one zone. */
  readonly zone?: string | undefined;
  /** Self link of the region's subnetwork. */
  readonly subnetwork: pulumi.Output<string>;
  /** E-mail of the relays' service account. */
  readonly account: pulumi.Output<string>;
  /** Absent: the fleet has none. */
  readonly redis?: RedisPlace | undefined;
  /** Floating addresses of the fleet's relays; empty: they have none. */
  readonly addresses: Addresses;
};

/** Longest prefix that the provider takes; it appends what makes the name unique (@pulumi/gcp, `namePrefix`). */
const LONGEST_PREFIX = 54;

/**
 * Makes the template. Templates are immutable, so every change makes another one: its name is a prefix that carries the image, and a
 * new one is there before the old is let go. The old one is never deleted with it (`retainOnDelete`): relays run it until a rollout
 * has replaced them, and GCE refuses to delete a template that a group still uses.
 */
export function relayTemplate(
  name: string,
  inputs: TemplateInputs,
  parent: pulumi.Resource,
): InstanceTemplate {
  const { fleet, image } = inputs.settings;
  const labels = { [LABEL.fleet]: fleet.name, [LABEL.role]: 'relay' };
  return new InstanceTemplate(
    name,
    {
      project: fleet.cloud.project,
      namePrefix: `${templateName(fleet.name, image, LONGEST_PREFIX - 1)}-`,
      description: `Relay of fleet ${fleet.name} on ${image} in ${placeOf(inputs)}`,
      instanceDescription: `RTPEngine relay of fleet ${fleet.name}`,
      machineType: fleet.relays.machineType,
      labels,
      metadata: metadata(inputs),
      disks: [bootDisk(inputs.settings, labels)],
      networkInterfaces: [networkInterface(inputs)],
      serviceAccount: { email: inputs.account, scopes: [...relayScopes(fleet)] },
      // Without keys of one's own, the image's unified kernel is not signed by any that GCE's firmware trusts.
      shieldedInstanceConfig: {
        enableSecureBoot: fleet.image.secureBoot !== undefined,
        enableVtpm: true,
        enableIntegrityMonitoring: true,
      },
      // Maintenance of the host moves a relay with its calls instead of ending it.
      scheduling: { onHostMaintenance: 'MIGRATE', automaticRestart: true },
    },
    { parent, retainOnDelete: true },
  );
}

/** How many addresses it knows is a part of it: they are not known yet when a change is looked at beforehand. */
function placeOf({ settings: { fleet }, region, zone }: TemplateInputs): string {
  return zone === undefined ? region : `${zone}, one of ${fleet.relays.perZone} with a floating address`;
}

/** What the image reads at boot. A relay admits itself unless its group says otherwise for it, as a rollout does. */
function metadata(inputs: TemplateInputs): Record<string, pulumi.Input<string>> {
  const { fleet } = inputs.settings;
  return {
    [METADATA.guestAttributes]: 'TRUE',
    [METADATA.admission]: 'self',
    ...(fleet.relays.osLogin ? { [METADATA.osLogin]: 'TRUE' } : {}),
    ...redisMetadata(inputs),
    ...(inputs.zone === undefined ? {} : floatingMetadata(fleet, inputs.zone, inputs.addresses)),
  };
}

/**
 * A starting RTPEngine takes every call of its database for its own, and deletes those that it cannot read
 * (daemon/redis.c@mr13.4.1.10, measured from 10.5 to 26.2): relays that share a database would restore, count and erase each
 * other's calls whenever one is replaced. So call state goes to Redis only where no other relay can be; relays with floating addresses are
 * told each its own database by what is kept for it alone (seat.ts).
 */
function redisMetadata({ settings, redis }: TemplateInputs): Record<string, pulumi.Input<string>> {
  if (redis === undefined) return {};
  const { fleet, secretsEndpoint } = settings;
  const { database, controlDatabase } = fleet.redis;
  const at = pulumi.interpolate`${redis.host}:${redis.port}`;
  const { secret, authority } = redis;
  const readAt = (version: pulumi.Output<string>) =>
    pulumi.interpolate`${secretsEndpoint}/v1/${version}:access`;
  return {
    [METADATA.control]: pulumi.interpolate`${at}/${controlDatabase}`,
    ...(isAlone(fleet) ? { [METADATA.redis]: pulumi.interpolate`${at}/${database}` } : {}),
    ...(secret === undefined ? {} : { [METADATA.redisSecret]: readAt(secret) }),
    ...(authority === undefined ? {} : { [METADATA.redisCa]: readAt(authority.secret) }),
  };
}

function isAlone(fleet: Readonly<Fleet>): boolean {
  return relayCount(fleet) === 1 && !hasFloatingAddresses(fleet);
}

function bootDisk({ fleet, image }: Settings, labels: Record<string, string>) {
  return {
    boot: true,
    autoDelete: true,
    sourceImage: `projects/${fleet.cloud.project}/global/images/${image}`,
    diskSizeGb: fleet.relays.diskGb,
    diskType: fleet.relays.diskType,
    labels,
  };
}

function networkInterface({ settings, subnetwork }: TemplateInputs) {
  const { externalAddresses, tier } = settings.fleet.network;
  const nic = { subnetwork, nicType: 'GVNIC' };
  return externalAddresses === 'none' ? nic : { ...nic, accessConfigs: [{ networkTier: tier }] };
}
