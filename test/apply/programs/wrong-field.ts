import { Firewall } from '@pulumi/gcp/compute/firewall.js';

// biome-ignore lint/style/noDefaultExport: what Pulumi runs
export default function program() {
  const network = 'global/networks/default';
  new Firewall('wrong', { name: 'wrong', network, direction: 'WESTWARD', allows: [{ protocol: 'udp' }] });
  return {};
}
