/** The instance template: what a relay made from one image is. */
import { InstanceTemplate } from '@pulumi/gcp/compute/instanceTemplate.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { LABEL, METADATA, templateName } from '../configs/naming.ts';
import type { Settings } from './config.ts';
import { RELAY_SCOPES } from './identity.ts';

export type TemplateInputs = {
  readonly settings: Settings;
  readonly subnetwork: pulumi.Output<string>;
  /** E-mail of the relays' service account. */
  readonly account: pulumi.Output<string>;
  /** `host:port` of the fleet's Redis; absent: none. */
  readonly redis?: pulumi.Output<string> | undefined;
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
      namePrefix: `${templateName(fleet.name, image).slice(0, LONGEST_PREFIX - 1)}-`,
      description: `Relay of fleet ${fleet.name} on ${image}`,
      instanceDescription: `RTPEngine relay of fleet ${fleet.name}`,
      machineType: fleet.relays.machineType,
      labels,
      metadata: metadata(fleet, inputs.redis),
      disks: [bootDisk(inputs.settings, labels)],
      networkInterfaces: [networkInterface(inputs)],
      serviceAccount: { email: inputs.account, scopes: [...RELAY_SCOPES] },
      // No Secure Boot: the image's unified kernel is not signed by a key that GCE's firmware trusts.
      shieldedInstanceConfig: { enableSecureBoot: false, enableVtpm: true, enableIntegrityMonitoring: true },
      // Maintenance of the host moves a relay with its calls instead of ending it.
      scheduling: { onHostMaintenance: 'MIGRATE', automaticRestart: true },
    },
    { parent, retainOnDelete: true },
  );
}

/** What the image reads at boot. A relay admits itself unless its group says otherwise for it, as a rollout does. */
function metadata(fleet: Fleet, redis: TemplateInputs['redis']): Record<string, pulumi.Input<string>> {
  return {
    [METADATA.guestAttributes]: 'TRUE',
    [METADATA.admission]: 'self',
    ...redisMetadata(fleet, redis),
  };
}

/**
 * A starting RTPEngine takes every call of its database for its own, and deletes those that it cannot read
 * (daemon/redis.c@mr13.4.1.10, measured from 10.5 to 26.2): relays that share a database would restore, count and erase each
 * other's calls whenever one is replaced. So call state goes to Redis only where no other relay can be.
 */
function redisMetadata(
  { cloud, relays, redis: { database, controlDatabase } }: Fleet,
  redis: TemplateInputs['redis'],
) {
  if (redis === undefined) return {};
  const alone = relays.perZone * cloud.zones.length === 1;
  return {
    [METADATA.control]: pulumi.interpolate`${redis}/${controlDatabase}`,
    ...(alone ? { [METADATA.redis]: pulumi.interpolate`${redis}/${database}` } : {}),
  };
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
  const external = settings.fleet.network.externalAddresses !== 'none';
  const nic = { subnetwork, nicType: 'GVNIC' };
  return external ? { ...nic, accessConfigs: [{ networkTier: 'PREMIUM' }] } : nic;
}
