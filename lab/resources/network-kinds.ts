/** The kinds of lab/resources/simple.ts: what each checks and fills in. */
import { fingerprintOf } from '../context.ts';
import { invalid, unsupported } from '../refusal.ts';
import type { Json, Network, Subnetwork } from '../types.ts';
import { address } from './address-kind.ts';
import type { Handlers } from './call.ts';
import { forwardingRule, forwardingRuleHandlers } from './forwarding-rule-kind.ts';
import { healthCheck } from './health-check-kind.ts';
import { firstUser, networkOf } from './kind-common.ts';
import type { SimpleKind } from './simple.ts';
import { simpleHandlers } from './simple.ts';
import { targetInstance } from './target-instance-kind.ts';
import { instanceTemplate } from './template-kind.ts';

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

const KINDS = [
  ...[network, subnetwork, firewall, router, address, healthCheck, instanceTemplate],
  ...[targetInstance, forwardingRule],
];

export const networkHandlers: Handlers = Object.assign(
  {},
  ...KINDS.map(simpleHandlers),
  forwardingRuleHandlers,
) as Handlers;
