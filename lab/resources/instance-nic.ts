/** The network interface of an instance: its network, its address, its way out. */
import { inRange, nextAddress, takenAddresses, userOf } from '../addresses.ts';
import type { Lab } from '../context.ts';
import { fingerprintOf } from '../context.ts';
import { lastOf, readLink, regionOfZone } from '../links.ts';
import { invalid, unsupported } from '../refusal.ts';
import type { NetworkInterface } from '../types.ts';
import { entryOf } from './call.ts';
import type { InstanceRequest } from './instance-build.ts';

export function interfaces(lab: Lab, request: InstanceRequest): NetworkInterface[] {
  const [asked] = request.properties.networkInterfaces ?? [];
  if (asked === undefined)
    throw invalid('resource.networkInterfaces', [], 'At least one network interface is required.');
  const region = regionOfZone(request.zone);
  const { subnetworks, networks } = lab.state.tables;
  const networkText = asked.network ?? (asked.subnetwork ? undefined : 'global/networks/default');
  const subnetwork = readLink(
    'resource.networkInterfaces[0].subnetwork',
    asked.subnetwork || `regions/${region}/subnetworks/${lastOf(networkText ?? 'default')}`,
    lab.project,
    `regions/${region}`,
    'subnetworks',
  );
  const known = entryOf(subnetworks, subnetwork).resource;
  const network = networkText
    ? readLink('resource.networkInterfaces[0].network', networkText, lab.project, 'global', 'networks')
    : (known.network ?? '');
  entryOf(networks, network);
  if (known.network !== network)
    throw invalid(
      'resource.networkInterfaces[0].subnetwork',
      subnetwork,
      'The subnetwork is of another network.',
    );
  const networkIP = request.address ?? askedAddress(lab, asked.networkIP) ?? nextAddress(lab);
  const resource: NetworkInterface = {
    kind: 'compute#networkInterface',
    name: 'nic0',
    network,
    subnetwork,
    networkIP,
    stackType: 'IPV4_ONLY',
    fingerprint: fingerprintOf({ network, networkIP }),
  };
  const accessConfigs = externalAccess(asked, networkIP);
  return [accessConfigs === undefined ? resource : { ...resource, accessConfigs }];
}

/** `networkIP` of the request: an address, or the link or name of a reserved one. */
function askedAddress(lab: Lab, asked: string | null | undefined): string | undefined {
  if (!asked) return undefined;
  const reserved = Object.values(lab.state.tables.addresses).find(
    ({ resource }) => resource.selfLink === asked || resource.address === asked,
  );
  const address = reserved?.resource.address ?? asked;
  if (
    !inRange(lab, address) ||
    userOf(lab, address) !== undefined ||
    (!reserved && takenAddresses(lab).has(address))
  )
    throw invalid(
      'resource.networkInterfaces[0].networkIP',
      address,
      'The address is not free in the subnetwork.',
    );
  return address;
}

/**
 * GCE maps an external address one to one onto the internal one. The lab has no internet beside its own network, so the map
 * is the identity: what is sent to the external address arrives, because it is the machine's own.
 */
function externalAccess(asked: NetworkInterface, own: string): NetworkInterface['accessConfigs'] | undefined {
  const [config] = asked.accessConfigs ?? [];
  if (config === undefined) return undefined;
  if (config.natIP && config.natIP !== own) throw unsupported('an instance with a static external address');
  const names = { name: config.name ?? 'External NAT', type: config.type ?? 'ONE_TO_ONE_NAT' };
  return [
    { kind: 'compute#accessConfig', ...names, natIP: own, networkTier: config.networkTier ?? 'PREMIUM' },
  ];
}
