/** Forwarding rules of internal protocol forwarding: one address of the network that is delivered to a target instance. */
import { inRange, nextAddress, takenAddresses, userOf } from '../addresses.ts';
import type { Lab } from '../context.ts';
import { fingerprintOf } from '../context.ts';
import { lastOf, readLink, regionOfZone, zoneOf } from '../links.ts';
import { invalid, unsupported } from '../refusal.ts';
import type { ForwardingRule, Json, Link } from '../types.ts';
import type { Call, Handlers } from './call.ts';
import { entryOf, linkOf, operate, setLabels } from './call.ts';
import { networkOf } from './kind-common.ts';
import type { SimpleKind } from './simple.ts';

const PROTOCOLS = ['TCP', 'UDP', 'L3_DEFAULT'];

export const forwardingRule: SimpleKind = {
  service: 'ForwardingRules',
  table: 'forwardingRules',
  kind: 'compute#forwardingRule',
  variable: 'forwardingRule',
  patch: false,
  aggregated: true,
  complete: (call, resource) => {
    const rule = resource as ForwardingRule;
    refuseBeyond(rule);
    checkPorts(rule);
    const network = networkOf(call, resource);
    const { lab, scope } = call;
    const subnetwork = readLink(
      'resource.subnetwork',
      rule.subnetwork || `${scope}/subnetworks/${lastOf(network)}`,
      lab.project,
      scope,
      'subnetworks',
    );
    entryOf(lab.state.tables.subnetworks, subnetwork);
    return {
      ...resource,
      ...{ network, subnetwork, ipVersion: 'IPV4', networkTier: 'PREMIUM' },
      IPProtocol: rule.IPProtocol ?? 'TCP',
      allowGlobalAccess: rule.allowGlobalAccess ?? false,
      IPAddress: addressFor(lab, rule),
      target: targetOf(call, rule.target),
      labelFingerprint: fingerprintOf(rule.labels),
    };
  },
  usedBy: () => undefined,
  effect: { kind: 'deliver' },
};

function refuseBeyond({ loadBalancingScheme, backendService, IPProtocol, ipVersion }: ForwardingRule): void {
  if (loadBalancingScheme !== 'INTERNAL') throw unsupported('a forwarding rule that is not INTERNAL');
  if (backendService) throw unsupported('a forwarding rule with a backend service');
  if (IPProtocol && !PROTOCOLS.includes(IPProtocol)) throw unsupported(`a forwarding rule for ${IPProtocol}`);
  if (ipVersion && ipVersion !== 'IPV4') throw unsupported(`a forwarding rule for ${ipVersion}`);
}

/** Passthrough rules have up to five ports, or all of them. */
function checkPorts({ allPorts, ports, portRange, IPProtocol }: ForwardingRule): void {
  const count = ports?.length ?? 0;
  if (portRange)
    throw invalid('resource.portRange', portRange, 'Internal forwarding rules have ports, not a range.');
  if (allPorts === true ? count > 0 : count < 1 || count > 5)
    throw invalid('resource.ports', ports ?? '', 'Either allPorts, or one to five ports must be specified.');
  if (IPProtocol === 'L3_DEFAULT' && allPorts !== true)
    throw invalid('resource.allPorts', String(allPorts ?? false), 'L3_DEFAULT needs allPorts.');
}

/** An address, the link or name of a reserved one, or none: then one is chosen. */
function addressFor(lab: Lab, { IPAddress: asked }: ForwardingRule): string {
  if (!asked) return nextAddress(lab);
  const reserved = Object.values(lab.state.tables.addresses).find(
    ({ resource }) =>
      resource.addressType === 'INTERNAL' &&
      [resource.selfLink, resource.address, resource.name].includes(lastOrAll(asked, resource.selfLink)),
  );
  const address = reserved?.resource.address ?? asked;
  if (
    !inRange(lab, address) ||
    userOf(lab, address) !== undefined ||
    (!reserved && takenAddresses(lab).has(address))
  )
    throw invalid('resource.IPAddress', asked, 'Specified IP address is in use or not of the subnetwork.');
  return address;
}

/** Partial links (`regions/r/addresses/a`) mean the same as whole ones. */
function lastOrAll(asked: string, selfLink: string | null | undefined): string {
  return selfLink?.endsWith(`/${asked}`) && asked.includes('/') ? selfLink : asked;
}

/** The target instance that is meant, which must be there, in a zone of the rule's region. */
function targetOf({ lab, scope }: Call, text: string | null | undefined): Link {
  const field = 'resource.target';
  if (!text) throw invalid(field, '', 'A target must be specified.');
  const link = readLink(field, text, lab.project, scope, 'targetInstances');
  if (!link.includes('/targetInstances/'))
    throw unsupported('a forwarding rule whose target is no target instance');
  entryOf(lab.state.tables.targetInstances, link);
  if (`regions/${regionOfZone(zoneOf(link))}` !== scope)
    throw invalid(field, text, 'The target must be in the region of the forwarding rule.');
  return link;
}

const ruleOf = (call: Call, variable: string): ForwardingRule =>
  entryOf(call.lab.state.tables.forwardingRules, linkOf(call, 'forwardingRules', variable)).resource;

/** The address goes to another machine when the operation is carried out. */
function setTarget(call: Call): object {
  const rule = ruleOf(call, 'forwardingRule');
  const target = targetOf(call, (call.body as Json & { readonly target?: string }).target);
  return operate(call, 'setTarget', rule, { kind: 'set-target', link: rule.selfLink ?? '', target });
}

export const forwardingRuleHandlers: Handlers = {
  'ForwardingRules.SetTarget': setTarget,
  'ForwardingRules.SetLabels': (call) => {
    const rule = ruleOf(call, 'resource');
    setLabels(rule, call.body);
    return operate(call, 'setLabels', rule);
  },
};
