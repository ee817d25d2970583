/**
 * What `lab apply` knows to make: by Pulumi's type, how its inputs become a resource of the lab. A type that is not here is refused by
 * name. Every entry answers with the resource as the API shows it, whose fields Pulumi's program sees as outputs.
 */

import { LABEL } from '../../configs/naming.ts';
import type { Json } from '../../infra/evaluate/protocol.ts';
import { type Ensured, ensure } from './ensure.ts';
import { managedInstances, type Wait, waitUntilStable } from './group.ts';
import { ensureRedis } from './redis.ts';
import { ensureRedisVm } from './redis-machine.ts';
import { computePath, type Rest } from './rest.ts';
import { ensureForwardingRule, ensureSeat } from './seat.ts';
import { ensureSecret, ensureSecretMember, ensureSecretVersion } from './secret.ts';
import {
  fields,
  firewallBody,
  groupBody,
  healthCheckBody,
  natBody,
  networkBody,
  templateBody,
} from './translate.ts';

export type Maker = (rest: Rest, inputs: Json, wait: Wait) => Promise<Ensured>;

/** The inputs come from the program as JSON; what a wrong one leads to, the endpoint's contract says. */
type Translate = (inputs: never) => Json;

const global = () => 'global';
const regional = (inputs: Json) => `regions/${inputs.region}`;
const zonal = (inputs: Json) => `zones/${inputs.zone}`;

function resource(
  collection: string,
  scope: (inputs: Json) => string,
  translate: Translate,
  mutable: readonly string[],
): Maker {
  return (rest, inputs) =>
    ensure(rest, { scope: scope(inputs), collection, body: translate(inputs as never), mutable });
}

const FIREWALL = [
  'allowed',
  'denied',
  'description',
  'destinationRanges',
  'disabled',
  'priority',
  'sourceRanges',
  'sourceTags',
  'sourceServiceAccounts',
  'targetTags',
  'targetServiceAccounts',
];
const HEALTH_CHECK = [
  'checkIntervalSec',
  'timeoutSec',
  'healthyThreshold',
  'unhealthyThreshold',
  'httpHealthCheck',
  'tcpHealthCheck',
  'description',
];
const GROUP = [
  'autoHealingPolicies',
  'description',
  'instanceLifecyclePolicy',
  'statefulPolicy',
  'targetSize',
  'updatePolicy',
  'versions',
];

const group = resource('instanceGroupManagers', zonal, groupBody, GROUP);

const makers: Readonly<Record<string, Maker>> = {
  'gcp:compute/network:Network': resource('networks', global, networkBody, ['routingConfig', 'mtu']),
  'gcp:compute/subnetwork:Subnetwork': resource('subnetworks', regional, fields, [
    'description',
    'privateIpGoogleAccess',
  ]),
  'gcp:compute/firewall:Firewall': resource('firewalls', global, firewallBody, FIREWALL),
  'gcp:compute/router:Router': resource('routers', regional, fields, ['description']),
  'gcp:compute/routerNat:RouterNat': ensureNat,
  'gcp:compute/healthCheck:HealthCheck': resource('healthChecks', global, healthCheckBody, HEALTH_CHECK),
  'gcp:compute/instanceTemplate:InstanceTemplate': resource('instanceTemplates', global, templateBody, []),
  'gcp:compute/instanceGroupManager:InstanceGroupManager': ensureGroup,
  'gcp:compute/address:Address': resource('addresses', regional, fields, []),
  'gcp:compute/perInstanceConfig:PerInstanceConfig': ensureSeat,
  'gcp:compute/targetInstance:TargetInstance': resource('targetInstances', zonal, fields, []),
  'gcp:compute/forwardingRule:ForwardingRule': ensureForwardingRule,
  'gcp:compute/disk:Disk': async (_, { name }) => ({
    change: { kind: 'skipped', because: 'the lab has no disks but those that machines boot from' },
    what: `disk ${name}`,
    resource: {},
  }),
  'gcp:compute/instance:Instance': (rest, inputs) => ensureRedisVm(rest, inputs as never),
  'gcp:redis/instance:Instance': (rest, inputs) => ensureRedis(rest, inputs as never),
  'gcp:secretmanager/secret:Secret': ensureSecret,
  'gcp:secretmanager/secretVersion:SecretVersion': ensureSecretVersion,
  'gcp:secretmanager/secretIamMember:SecretIamMember': ensureSecretMember,
  'gcp:serviceaccount/account:Account': async (rest, { accountId }) =>
    withoutIam(`service account ${accountId}`, {
      email: `${accountId}@${rest.project}.iam.gserviceaccount.com`,
      name: `projects/${rest.project}/serviceAccounts/${accountId}@${rest.project}.iam.gserviceaccount.com`,
    }),
  'gcp:projects/iAMMember:IAMMember': async (_, { role }) => withoutIam(`grant of ${role}`, {}),
  'gcp:projects/iAMCustomRole:IAMCustomRole': async ({ project }, { roleId }) =>
    withoutIam(`role ${roleId}`, { name: `projects/${project}/roles/${roleId}` }),
  'gcp:serviceaccount/iAMMember:IAMMember': async (_, { role, member }) =>
    withoutIam(`grant of ${role} to ${member}`, {}),
  'gcp:monitoring/alertPolicy:AlertPolicy': async (_, { displayName }) =>
    withoutMonitoring(`alert policy ${displayName}`),
  'gcp:monitoring/notificationChannel:NotificationChannel': async (_, { displayName }) =>
    withoutMonitoring(`notification channel ${displayName}`, { name: String(displayName) }),
  'gcp:monitoring/dashboard:Dashboard': async () => withoutMonitoring('dashboard'),
};

/** Kinds of which the lab can do no more than what belongs to a machine with Redis. */
const ONLY_FOR_REDIS = ['gcp:compute/disk:Disk', 'gcp:compute/instance:Instance'];

/** How to make such a resource; undefined: the lab cannot. */
export function makerOf(type: string, { labels }: Json): Maker | undefined {
  const role = (labels as Json | undefined)?.[LABEL.role];
  if (ONLY_FOR_REDIS.includes(type) && role !== 'redis') return undefined;
  return Object.hasOwn(makers, type) ? makers[type] : undefined;
}

function withoutIam(what: string, resource: Json): Ensured {
  return { change: { kind: 'skipped', because: 'the lab asks nobody who he is' }, what, resource };
}

function withoutMonitoring(what: string, resource: Json = {}): Ensured {
  return { change: { kind: 'skipped', because: 'the lab has no Cloud Monitoring' }, what, resource };
}

async function ensureGroup(rest: Rest, inputs: Json, wait: Wait): Promise<Ensured> {
  const ensured = await group(rest, inputs, wait);
  if (inputs.waitForInstances !== true) return ensured;
  const path = computePath(rest.project, `${zonal(inputs)}/instanceGroupManagers/${inputs.name}`);
  return { ...ensured, resource: await waitUntilStable(rest, path, wait) };
}

/** A NAT is a part of its router: the router's other NATs stay as they are. */
async function ensureNat(rest: Rest, inputs: Json): Promise<Ensured> {
  const nat = natBody(inputs as never);
  const path = computePath(rest.project, `${regional(inputs)}/routers/${inputs.router}`);
  const router = (await rest.get(path)) ?? {};
  const present = (router.nats ?? []) as readonly Json[];
  const others = present.filter(({ name }) => name !== nat.name);
  const known = others.length < present.length;
  const body = { name: inputs.router, nats: [...others, nat] };
  const scope = regional(inputs);
  const { change } = await ensure(rest, { scope, collection: 'routers', body, mutable: ['nats'] });
  const made = change.kind === 'changed' && !known ? ({ kind: 'created' } as const) : change;
  return { change: made, what: `nats ${nat.name}`, resource: nat };
}

/** Data sources that the program may ask; undefined: the lab does not know this one. */
export async function answerCall(rest: Rest, token: string, { selfLink }: Json): Promise<Json | undefined> {
  const path = new URL(String(selfLink)).pathname;
  switch (token) {
    case 'gcp:compute/getInstanceGroup:getInstanceGroup': {
      // The group that a manager fills has the manager's name.
      const manager = path.replace('/instanceGroups/', '/instanceGroupManagers/');
      const members = await managedInstances(rest, manager);
      return { selfLink, instances: members.map(({ instance }) => instance), size: members.length };
    }
    case 'gcp:compute/getInstance:getInstance':
      return instanceState((await rest.get(path)) ?? {});
    default:
      return undefined;
  }
}

type Nic = Json & {
  readonly networkIP?: string;
  readonly accessConfigs?: readonly { readonly natIP?: string }[];
};

/** The fields of GCE's answer that Pulumi's provider names otherwise. */
function instanceState(instance: Json): Json {
  const nics = (instance.networkInterfaces ?? []) as readonly Nic[];
  const networkInterfaces = nics.map(({ networkIP, accessConfigs, ...nic }) => ({
    ...nic,
    networkIp: networkIP,
    accessConfigs: (accessConfigs ?? []).map(({ natIP, ...config }) => ({ ...config, natIp: natIP })),
  }));
  return { ...instance, networkInterfaces };
}
