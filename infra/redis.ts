/**
 * Redis for call state and for the rollout's lock: a Memorystore instance in the fleet's network, or one that is there already.
 *
 * Its password is only ever named, never shown: it lies in Secret Manager, and a relay (at boot) or a rollout (at its start) reads it there
 * with its own identity. Not encrypted on the way: RTPEngine's Redis client knows no TLS (its manual lists no such option up to mr26.2).
 */
import { Instance } from '@pulumi/gcp/redis/instance.js';
import { Secret } from '@pulumi/gcp/secretmanager/secret.js';
import { SecretIamMember } from '@pulumi/gcp/secretmanager/secretIamMember.js';
import { SecretVersion } from '@pulumi/gcp/secretmanager/secretVersion.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { LABEL } from '../configs/naming.ts';
import type { Settings } from './config.ts';
import { readsSecret } from './identity.ts';

/** How a machine finds the fleet's Redis. */
export type RedisPlace = {
  readonly host: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  /** Secret Manager version that holds the password, `projects/…/secrets/…/versions/latest`; absent: it asks for none. */
  readonly secret?: pulumi.Output<string>;
};

export type RedisInputs = {
  readonly settings: Settings;
  readonly network: pulumi.Output<string>;
  /** E-mails of the accounts of relays and controller. */
  readonly relay: pulumi.Output<string>;
  readonly controller: pulumi.Output<string>;
};

export class FleetRedis extends pulumi.ComponentResource {
  readonly place: RedisPlace;

  constructor(name: string, inputs: RedisInputs, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:FleetRedis', name, {}, opts);
    const { fleet } = inputs.settings;
    this.place = fleet.redis.kind === 'external' ? external(fleet) : memorystore(name, inputs, this);
    const { secret } = this.place;
    if (secret !== undefined) grantReaders(name, inputs, secret, this);
    this.registerOutputs({ ...this.place });
  }
}

function external({ redis: { host = '', port, secret } }: Readonly<Fleet>): RedisPlace {
  const place = { host: pulumi.output(host), port: pulumi.output(port) };
  return secret === undefined ? place : { ...place, secret: pulumi.output(secret) };
}

function memorystore(
  name: string,
  { settings: { fleet, protect }, network }: RedisInputs,
  parent: pulumi.Resource,
): RedisPlace {
  const labels = { [LABEL.fleet]: fleet.name, [LABEL.role]: 'redis' };
  const instance = new Instance(
    name,
    {
      project: fleet.cloud.project,
      region: fleet.cloud.region,
      name: `${fleet.name}-redis`,
      displayName: `Call state of fleet ${fleet.name}`,
      tier: fleet.redis.tier,
      memorySizeGb: fleet.redis.memoryGb,
      redisVersion: 'REDIS_7_2',
      connectMode: 'DIRECT_PEERING',
      authorizedNetwork: network,
      authEnabled: fleet.redis.auth,
      redisConfigs: {
        // RTPEngine's subscribe-keyspace listens to them (its manual, section Redis).
        'notify-keyspace-events': 'KEA',
        // A full Redis must refuse a new call, not forget a running one.
        'maxmemory-policy': 'noeviction',
      },
      labels,
      deletionProtection: protect,
    },
    { parent, protect },
  );
  const place = { host: instance.host, port: instance.port };
  if (!fleet.redis.auth) return place;
  return { ...place, secret: keptPassword(name, fleet, labels, instance, parent) };
}

/** Puts Memorystore's password into Secret Manager. It stays a secret of Pulumi's on the way: encrypted in the state, masked in the output. */
function keptPassword(
  name: string,
  fleet: Readonly<Fleet>,
  labels: Record<string, string>,
  { authString }: Instance,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const secret = new Secret(
    name,
    {
      project: fleet.cloud.project,
      secretId: `${fleet.name}-redis`,
      replication: { auto: {} },
      labels,
    },
    { parent },
  );
  const version = new SecretVersion(
    name,
    { secret: secret.id, secretData: pulumi.secret(authString) },
    { parent, additionalSecretOutputs: ['secretData'] },
  );
  // Whoever reads it must find a version; `latest`, so that a new password needs no new template.
  return pulumi.all([secret.id, version.id]).apply(([id]) => `${id}/versions/latest`);
}

/** The controller reads it for its lock; a relay only where it keeps call state. */
function grantReaders(
  name: string,
  { settings: { fleet }, relay, controller }: RedisInputs,
  secret: pulumi.Output<string>,
  parent: pulumi.Resource,
): void {
  const readers = { controller, ...(readsSecret(fleet) ? { relay } : {}) };
  for (const [who, email] of Object.entries(readers))
    new SecretIamMember(
      `${name}-${who}`,
      {
        project: secret.apply((version) => version.split('/')[1] ?? ''),
        secretId: secret.apply((version) => version.split('/')[3] ?? ''),
        role: 'roles/secretmanager.secretAccessor',
        member: pulumi.interpolate`serviceAccount:${email}`,
      },
      { parent },
    );
}
