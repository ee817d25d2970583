/** A Memorystore instance in the fleet's network. What it alone knows, its password and its authority, goes to Secret Manager. */
import { Instance } from '@pulumi/gcp/redis/instance.js';
import { Secret } from '@pulumi/gcp/secretmanager/secret.js';
import { SecretVersion } from '@pulumi/gcp/secretmanager/secretVersion.js';
import * as pulumi from '@pulumi/pulumi';
import { LABEL } from '../../configs/naming.ts';
import type { Settings } from '../config.ts';
import type { RedisPlace } from './place.ts';

export function memorystore(
  name: string,
  { fleet, protect }: Settings,
  network: pulumi.Output<string>,
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
      transitEncryptionMode: fleet.redis.tls ? 'SERVER_AUTHENTICATION' : 'DISABLED',
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
  const keep = (what: string, secretId: string, text: pulumi.Output<string>) =>
    kept(what, { project: fleet.cloud.project, secretId, labels }, text, parent);
  const { host, port, authString, serverCaCerts } = instance;
  const place = {
    ...{ host, port },
    ...(fleet.redis.auth ? { secret: keep(name, `${fleet.name}-redis`, pulumi.secret(authString)) } : {}),
  };
  if (!fleet.redis.tls) return place;
  const certificates = serverCaCerts.apply((list) => list.map(({ cert }) => cert.trim()).join('\n'));
  const secret = keep(`${name}-ca`, `${fleet.name}-redis-ca`, pulumi.secret(certificates));
  return { ...place, authority: { certificates, secret } };
}

type Kept = {
  readonly project: string;
  readonly secretId: string;
  readonly labels: Readonly<Record<string, string>>;
};

/**
 * Puts a text into Secret Manager and answers its newest version, so that a new text needs no new template. It is a secret of Pulumi's
 * on the way: encrypted in the state, masked in the output.
 */
function kept(
  name: string,
  what: Kept,
  text: pulumi.Output<string>,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const secret = new Secret(name, { ...what, replication: { auto: {} } }, { parent });
  const version = new SecretVersion(
    name,
    { secret: secret.id, secretData: text },
    { parent, additionalSecretOutputs: ['secretData'] },
  );
  // Whoever reads it must find a version.
  return pulumi.all([secret.id, version.id]).apply(([path]) => `${path}/versions/latest`);
}
