/**
 * From the inputs of Pulumi's GCP resources to the bodies of GCE's REST API. Pure. Their fields are nearly the same; what has the same
 * name passes as it is, so that a field that GCE does not have is refused by the endpoint instead of being dropped here.
 */
import { createHash } from 'node:crypto';
import type { FirewallArgs } from '@pulumi/gcp/compute/firewall.js';
import type { ForwardingRuleArgs } from '@pulumi/gcp/compute/forwardingRule.js';
import type { HealthCheckArgs } from '@pulumi/gcp/compute/healthCheck.js';
import type { InstanceGroupManagerArgs } from '@pulumi/gcp/compute/instanceGroupManager.js';
import type { InstanceTemplateArgs } from '@pulumi/gcp/compute/instanceTemplate.js';
import type { NetworkArgs } from '@pulumi/gcp/compute/network.js';
import type { RouterNatArgs } from '@pulumi/gcp/compute/routerNat.js';
import type { Unwrap } from '@pulumi/pulumi';
import type { Json } from '../../infra/evaluate/protocol.ts';
import { linkPath } from './difference.ts';

type Inputs<Args> = Unwrap<Args>;

/** Names the place of a resource; it is in the path, not in the body. */
const PLACE: ReadonlySet<string> = new Set(['project', 'zone', 'region']);

/** The inputs without the place and without what only steers Pulumi's provider. */
export function fields(inputs: Json, providerOnly: readonly string[] = []): Json {
  return Object.fromEntries(
    Object.entries(inputs).filter(([key]) => !PLACE.has(key) && !providerOnly.includes(key)),
  );
}

export function networkBody(inputs: Inputs<NetworkArgs>): Json {
  const { routingMode, ...rest } = inputs;
  return { ...fields(rest), ...(routingMode === undefined ? {} : { routingConfig: { routingMode } }) };
}

export function firewallBody(inputs: Inputs<FirewallArgs>): Json {
  const { allows, denies, ...rest } = inputs;
  const rules = (list: typeof allows) =>
    list?.map(({ protocol, ports }) => ({ IPProtocol: protocol, ...(ports ? { ports } : {}) }));
  return {
    ...fields(rest),
    ...(allows ? { allowed: rules(allows) } : {}),
    ...(denies ? { denied: rules(denies) } : {}),
  };
}

export function forwardingRuleBody({ ipAddress, ipProtocol, ...rest }: Inputs<ForwardingRuleArgs>): Json {
  return { ...fields(rest), IPAddress: ipAddress, IPProtocol: ipProtocol };
}

export function healthCheckBody(inputs: Inputs<HealthCheckArgs>): Json {
  const type = inputs.httpHealthCheck ? 'HTTP' : inputs.tcpHealthCheck ? 'TCP' : undefined;
  return { ...fields(inputs as Json), ...(type ? { type } : {}) };
}

/** One entry of a router's `nats`; for Pulumi a resource of its own. */
export function natBody(inputs: Inputs<RouterNatArgs>): Json {
  const { router: _, ...rest } = inputs;
  return fields(rest);
}

/** Name and body; with `namePrefix` the name ends in a digest of the body, so that the same template has the same name. */
export function templateBody(inputs: Inputs<InstanceTemplateArgs>): Json & { readonly name: string } {
  const { name, namePrefix = '', description, instanceDescription, ...rest } = inputs;
  const body = {
    ...(description === undefined ? {} : { description }),
    properties: {
      ...templateProperties(rest as Inputs<InstanceTemplateArgs>),
      ...(instanceDescription === undefined ? {} : { description: instanceDescription }),
    },
  };
  return { name: name ?? `${namePrefix}${digest(body)}`, ...body };
}

function templateProperties(inputs: Inputs<InstanceTemplateArgs>): Json {
  const { disks, metadata, networkInterfaces, serviceAccount, tags, ...rest } = inputs;
  const items = Object.entries(metadata ?? {}).map(([key, value]) => ({ key, value }));
  return {
    ...fields(rest),
    disks: disks.map(diskBody),
    metadata: { items },
    networkInterfaces: (networkInterfaces ?? []).map(interfaceBody),
    ...(serviceAccount ? { serviceAccounts: [serviceAccount] } : {}),
    ...(tags ? { tags: { items: tags } } : {}),
  };
}

function diskBody(disk: Inputs<InstanceTemplateArgs>['disks'][number]): Json {
  const { sourceImage, diskType, diskSizeGb, labels, diskName, ...rest } = disk;
  const wanted = { sourceImage, diskType, diskSizeGb, labels, diskName };
  const known = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return { type: 'PERSISTENT', ...rest, initializeParams: Object.fromEntries(known) };
}

type Nic = NonNullable<Inputs<InstanceTemplateArgs>['networkInterfaces']>[number];

function interfaceBody({ accessConfigs, networkIp, ...rest }: Nic): Json {
  const external = accessConfigs?.map(({ natIp, ...config }) => ({
    type: 'ONE_TO_ONE_NAT',
    ...config,
    ...(natIp === undefined ? {} : { natIP: natIp }),
  }));
  return {
    ...rest,
    ...(networkIp === undefined ? {} : { networkIP: networkIp }),
    ...(external ? { accessConfigs: external } : {}),
  };
}

const GROUP_PROVIDER_ONLY = ['waitForInstances', 'waitForInstancesStatus', 'deletionPolicy'];

export function groupBody(inputs: Inputs<InstanceGroupManagerArgs>): Json {
  const { updatePolicy, autoHealingPolicies, statefulInternalIps, statefulExternalIps, ...rest } = inputs;
  const internalIPs = addresses(statefulInternalIps);
  const externalIPs = addresses(statefulExternalIps);
  return {
    ...fields(rest, GROUP_PROVIDER_ONLY),
    ...(updatePolicy ? { updatePolicy: updatePolicyBody(updatePolicy) } : {}),
    // What the program no longer wants is cleared.
    autoHealingPolicies: autoHealingPolicies ? [autoHealingPolicies] : [],
    statefulPolicy: internalIPs || externalIPs ? { preservedState: { internalIPs, externalIPs } } : null,
  };
}

type Kept = Inputs<InstanceGroupManagerArgs>['statefulInternalIps'];

/** `null`: no address of this kind is kept. */
function addresses(kept: Kept): Json | null {
  if (!kept?.length) return null;
  return Object.fromEntries(
    kept.map(({ interfaceName = 'nic0', deleteRule = 'NEVER' }) => [
      interfaceName,
      { autoDelete: deleteRule },
    ]),
  );
}

type UpdatePolicy = NonNullable<Inputs<InstanceGroupManagerArgs>['updatePolicy']>;

function updatePolicyBody(policy: UpdatePolicy): Json {
  const { maxSurgeFixed, maxSurgePercent, maxUnavailableFixed, maxUnavailablePercent, ...rest } = policy;
  return {
    ...rest,
    ...amount('maxSurge', maxSurgeFixed, maxSurgePercent),
    ...amount('maxUnavailable', maxUnavailableFixed, maxUnavailablePercent),
  };
}

function amount(key: string, fixed: number | undefined, percent: number | undefined): Json {
  if (fixed !== undefined) return { [key]: { fixed } };
  return percent === undefined ? {} : { [key]: { percent } };
}

function digest(value: Json): string {
  const text = JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'string' ? linkPath(item) : sorted(item),
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** Keys in order of name, so that the order in which a program writes them does not matter. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
