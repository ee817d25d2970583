/** The kinds of lab/resources/simple.ts: what each checks and fills in. */
import { inRange, nextAddress, takenAddresses } from '../addresses.ts';
import type { Lab } from '../context.ts';
import { fingerprintOf } from '../context.ts';
import { lastOf, linkTo, readLink } from '../links.ts';
import { invalid, unsupported } from '../refusal.ts';
import type { Address, HealthCheck, InstanceProperties, Json, Link, Network, Subnetwork } from '../types.ts';
import type { Call, Handlers } from './call.ts';
import { entryOf } from './call.ts';
import type { SimpleKind } from './simple.ts';
import { simpleHandlers } from './simple.ts';

/** The network that `resource.network` names, which must be there. */
function networkOf(call: Call, resource: Json): Link {
  const text = String(resource.network ?? 'global/networks/default');
  const link = readLink('resource.network', text, call.lab.project, 'global', 'networks');
  entryOf(call.lab.state.tables.networks, link);
  return link;
}

const users = (
  entries: Readonly<Record<Link, { readonly resource: object }>>,
  link: Link,
): Link | undefined =>
  Object.entries(entries).find(([, { resource }]) => JSON.stringify(resource).includes(`"${link}"`))?.[0];

/** Whatever of these tables mentions the link. */
function firstUser(
  lab: Lab,
  link: Link,
  tables: readonly (keyof Lab['state']['tables'])[],
): Link | undefined {
  return tables.map((name) => users(lab.state.tables[name], link)).find((user) => user !== undefined);
}

const network: SimpleKind = {
  service: 'Networks',
  table: 'networks',
  kind: 'compute#network',
  variable: 'network',
  patch: true,
  aggregated: false,
  complete: (_call, resource) => {
    if ('IPv4Range' in resource) throw unsupported('compute.networks.insert of a legacy network (IPv4Range)');
    if (resource.autoCreateSubnetworks === true)
      throw unsupported('compute.networks.insert with autoCreateSubnetworks');
    const routingConfig = { routingMode: 'REGIONAL', ...(resource.routingConfig as object | undefined) };
    return {
      networkFirewallPolicyEnforcementOrder: 'AFTER_CLASSIC_FIREWALL',
      autoCreateSubnetworks: false,
      subnetworks: [],
      ...resource,
      routingConfig,
    };
  },
  usedBy: (lab, self) => firstUser(lab, self, ['subnetworks', 'firewalls', 'routers', 'instances']),
};

const subnetwork: SimpleKind = {
  service: 'Subnetworks',
  table: 'subnetworks',
  kind: 'compute#subnetwork',
  variable: 'subnetwork',
  patch: true,
  aggregated: true,
  complete: (call, resource, self) => {
    if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(String(resource.ipCidrRange ?? '')))
      throw invalid('resource.ipCidrRange', resource.ipCidrRange ?? '', 'Must be an IPv4 range.');
    const owner = networkOf(call, resource);
    const known = call.lab.state.tables.networks[owner]?.resource as Network;
    known.subnetworks = [...new Set([...(known.subnetworks ?? []), self])];
    const filled: Subnetwork = {
      gatewayAddress: gatewayOf(String(resource.ipCidrRange)),
      privateIpGoogleAccess: false,
      purpose: 'PRIVATE',
      stackType: 'IPV4_ONLY',
    };
    const { fingerprint: _old, ...rest } = { ...filled, ...resource, network: owner } as Json;
    return { ...rest, fingerprint: fingerprintOf(rest) };
  },
  usedBy: (lab, self) => firstUser(lab, self, ['instances', 'instanceTemplates', 'routers']),
};

const gatewayOf = (range: string): string => range.replace(/\.\d+\/\d+$/, '.1');

const firewall: SimpleKind = {
  service: 'Firewalls',
  table: 'firewalls',
  kind: 'compute#firewall',
  variable: 'firewall',
  patch: true,
  aggregated: false,
  complete: (call, resource) => {
    if ((resource.allowed === undefined) === (resource.denied === undefined))
      throw invalid('resource', '', 'Exactly one of allowed and denied must be specified.');
    const ingress = (resource.direction ?? 'INGRESS') === 'INGRESS';
    const source =
      ingress && !resource.sourceRanges && !resource.sourceTags && !resource.sourceServiceAccounts;
    return {
      direction: 'INGRESS',
      priority: 1000,
      disabled: false,
      logConfig: { enable: false },
      ...(source ? { sourceRanges: ['0.0.0.0/0'] } : {}),
      ...resource,
      network: networkOf(call, resource),
    };
  },
  usedBy: () => undefined,
};

const router: SimpleKind = {
  service: 'Routers',
  table: 'routers',
  kind: 'compute#router',
  variable: 'router',
  patch: true,
  aggregated: true,
  complete: (call, resource) => ({
    encryptedInterconnectRouter: false,
    ...resource,
    network: networkOf(call, resource),
  }),
  usedBy: () => undefined,
};

const address: SimpleKind = {
  service: 'Addresses',
  table: 'addresses',
  kind: 'compute#address',
  variable: 'address',
  patch: false,
  aggregated: true,
  complete: (call, resource, self) => {
    const { lab } = call;
    const present = lab.state.tables.addresses[self]?.resource as Address | undefined;
    const given = resource.address === undefined ? undefined : String(resource.address);
    if (
      given !== undefined &&
      present === undefined &&
      (!inRange(lab, given) || takenAddresses(lab).has(given))
    )
      throw invalid(
        'resource.address',
        given,
        `The address is not free in the lab's range ${lab.network.range}.`,
      );
    const type = resource.addressType ?? 'EXTERNAL';
    return {
      networkTier: 'PREMIUM',
      ipVersion: 'IPV4',
      labelFingerprint: fingerprintOf(resource.labels as object | undefined),
      ...(type === 'INTERNAL' ? { purpose: 'GCE_ENDPOINT' } : {}),
      ...resource,
      addressType: type,
      status: 'RESERVED',
      address: given ?? nextAddress(lab),
    };
  },
  usedBy: (lab, self) => {
    const { address: ip } = lab.state.tables.addresses[self]?.resource ?? {};
    return Object.entries(lab.state.tables.instances).find(([, { resource }]) =>
      resource.networkInterfaces?.some(({ networkIP }) => networkIP === ip),
    )?.[0];
  },
};

/** What the lab can ask a machine itself. */
const PROBES: Readonly<Record<string, string>> = { HTTP: 'httpHealthCheck', TCP: 'tcpHealthCheck' };

const healthCheck: SimpleKind = {
  service: 'HealthChecks',
  table: 'healthChecks',
  kind: 'compute#healthCheck',
  variable: 'healthCheck',
  patch: true,
  aggregated: false,
  complete: (_call, resource) => {
    const key = PROBES[String(resource.type)];
    if (resource.type === undefined) throw invalid('resource.type', '', 'A type must be specified.');
    if (key === undefined) throw unsupported(`compute.healthChecks.insert of type ${String(resource.type)}`);
    const probe = {
      port: 80,
      proxyHeader: 'NONE',
      ...(key === 'httpHealthCheck' ? { requestPath: '/' } : {}),
    };
    const filled: HealthCheck = {
      checkIntervalSec: 5,
      timeoutSec: 5,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
    };
    const merged = { ...filled, ...resource } as HealthCheck;
    if (Number(merged.timeoutSec) > Number(merged.checkIntervalSec))
      throw invalid('resource.timeoutSec', merged.timeoutSec, 'Must not be greater than checkIntervalSec.');
    return { ...merged, [key]: { ...probe, ...(resource[key] as object | undefined) } };
  },
  usedBy: (lab, self) => firstUser(lab, self, ['instanceGroupManagers']),
};

const template: Pick<SimpleKind, 'service' | 'table' | 'kind' | 'variable' | 'patch' | 'aggregated'> = {
  service: 'InstanceTemplates',
  table: 'instanceTemplates',
  kind: 'compute#instanceTemplate',
  variable: 'instanceTemplate',
  patch: false,
  aggregated: true,
};

const instanceTemplate: SimpleKind = {
  ...template,
  complete: (_call, resource) => {
    if (resource.sourceInstance !== undefined)
      throw unsupported('compute.instanceTemplates.insert with sourceInstance');
    const properties = resource.properties as InstanceProperties | undefined;
    if (properties === undefined) throw invalid('resource.properties', '', 'Properties must be specified.');
    if (!properties.machineType)
      throw invalid('resource.properties.machineType', '', 'The referenced machine type is empty.');
    if (!properties.disks?.some((disk) => disk.boot))
      throw invalid('resource.properties.disks', properties.disks ?? [], 'Boot disk must be specified.');
    if (!properties.networkInterfaces?.length)
      throw invalid(
        'resource.properties.networkInterfaces',
        [],
        'At least one network interface is required.',
      );
    return resource;
  },
  usedBy: (lab, self) => {
    const wanted = lastOf(self);
    const groups = Object.entries(lab.state.tables.instanceGroupManagers);
    return groups.find(([, { resource, members }]) => {
      const versions = [
        ...(resource.versions ?? []),
        ...Object.values(members).map(({ version }) => version),
      ];
      return versions.some(({ instanceTemplate }) => lastOf(instanceTemplate ?? '') === wanted);
    })?.[0];
  },
};

export const networkHandlers: Handlers = Object.assign(
  {},
  ...[network, subnetwork, firewall, router, address, healthCheck, instanceTemplate].map(simpleHandlers),
) as Handlers;

/** The network `default` that every project begins with, and its subnetwork in each region. */
export function defaultNetwork(lab: Lab, regions: readonly string[], now: string): void {
  const { networks, subnetworks } = lab.state.tables;
  const self = linkTo(lab.project, 'global/networks/default');
  if (networks[self] !== undefined) return;
  const links = regions.map((region) => linkTo(lab.project, `regions/${region}/subnetworks/default`));
  const common = { name: 'default', creationTimestamp: now };
  const resource = {
    kind: 'compute#network',
    id: '1',
    selfLink: self,
    autoCreateSubnetworks: true,
    subnetworks: links,
  };
  networks[self] = { resource: { ...common, ...resource, routingConfig: { routingMode: 'REGIONAL' } } };
  for (const [index, link] of links.entries()) {
    const place = { region: linkTo(lab.project, `regions/${regions[index]}`), network: self };
    const net = { ipCidrRange: lab.network.range, gatewayAddress: lab.network.gateway, purpose: 'PRIVATE' };
    const id = String(index + 2);
    subnetworks[link] = {
      resource: { kind: 'compute#subnetwork', id, selfLink: link, ...common, ...place, ...net },
    };
  }
}
