/**
 * A machine with Debian's redis-server: one VM with an address and a data disk of its own, which outlive it. GCE starts it again on another
 * host when its own fails, and systemd starts a Redis that ended; either reads the disk. No managed group: one that heals by a check
 * would end a Redis that reads a long file at its start, and with it the chance that it ever gets through.
 */
import { readFileSync } from 'node:fs';
import { Address } from '@pulumi/gcp/compute/address.js';
import { Disk } from '@pulumi/gcp/compute/disk.js';
import { Instance } from '@pulumi/gcp/compute/instance.js';
import { Account } from '@pulumi/gcp/serviceaccount/account.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../../configs/fleet.ts';
import { LABEL, METADATA } from '../../configs/naming.ts';
import { redisZone, regionOf } from '../../configs/places.ts';
import type { Settings } from '../config.ts';
import { REDIS_PORT, redisTag } from '../ports.ts';
import type { RedisPlace } from './place.ts';

/** Google's build of Debian (cloud.google.com/compute/docs/images/os-details); its agent runs the start-up script. */
const IMAGE = 'projects/debian-cloud/global/images/family/debian-13';
const BOOT_DISK_GB = 10;
const START_UP = readFileSync(new URL('start-up', import.meta.url), 'utf8');
/** The only scope that Secret Manager takes; what it opens is bounded by the one grant that this account has. */
const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

export type RedisMachine = {
  readonly place: RedisPlace;
  /** E-mail of its service account. */
  readonly account: pulumi.Output<string>;
};

export function redisMachine(
  name: string,
  settings: Settings,
  subnetwork: pulumi.Output<string>,
  parent: pulumi.Resource,
): RedisMachine {
  const { fleet, protect, secretsEndpoint } = settings;
  const { project } = fleet.cloud;
  const { secret = '', machineType } = fleet.redis;
  const labels = { [LABEL.fleet]: fleet.name, [LABEL.role]: 'redis' };
  const where = { project, name: `${fleet.name}-redis`, labels };
  const zone = redisZone(fleet);
  const account = new Account(
    name,
    { project, accountId: `${fleet.name}-redis`, displayName: `Redis of fleet ${fleet.name}` },
    { parent },
  );
  const host = address(name, fleet, subnetwork, where, parent);
  new Instance(
    name,
    {
      ...where,
      zone,
      description: `Redis of fleet ${fleet.name}`,
      machineType,
      tags: [redisTag(fleet.name)],
      bootDisk: { initializeParams: { image: IMAGE, size: BOOT_DISK_GB, type: 'pd-balanced', labels } },
      attachedDisks: [{ source: dataDisk(name, settings, zone, where, parent), deviceName: 'redis-data' }],
      networkInterfaces: [{ subnetwork, networkIp: host, nicType: 'GVNIC' }],
      serviceAccount: { email: account.email, scopes: SCOPES },
      metadata: {
        [METADATA.startUp]: START_UP,
        [METADATA.redisSecret]: `${secretsEndpoint}/v1/${secret}:access`,
        [METADATA.osLogin]: 'TRUE',
        [METADATA.noProjectKeys]: 'TRUE',
      },
      shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
      scheduling: { onHostMaintenance: 'MIGRATE', automaticRestart: true },
      // Another machine type needs a stop of some seconds, no other machine.
      allowStoppingForUpdate: true,
      deletionProtection: protect,
    },
    // A newer image of the family is for the next machine; this one is kept up to date by Debian's own updates.
    { parent, protect, deleteBeforeReplace: true, ignoreChanges: ['bootDisk.initializeParams.image'] },
  );
  return {
    place: { host, port: pulumi.output(REDIS_PORT), secret: pulumi.output(secret) },
    account: account.email,
  };
}

type Where = {
  readonly project: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
};

function dataDisk(
  name: string,
  { fleet, protect }: Settings,
  zone: string,
  where: Where,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const args = {
    ...where,
    zone,
    name: `${fleet.name}-redis-data`,
    type: 'pd-balanced',
    size: fleet.redis.diskGb,
  };
  return new Disk(name, args, { parent, protect }).selfLink;
}

/** Its own, so that a machine that is made anew is where relays and rollouts look for it. */
function address(
  name: string,
  fleet: Readonly<Fleet>,
  subnetwork: pulumi.Output<string>,
  where: Where,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const args = { ...where, region: regionOf(redisZone(fleet)), addressType: 'INTERNAL', subnetwork };
  return new Address(name, args, { parent }).address;
}
