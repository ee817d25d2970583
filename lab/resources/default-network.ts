/** What every project begins with. */
import type { Lab } from '../context.ts';
import { linkTo } from '../links.ts';

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
