import { Network } from '@pulumi/gcp/compute/network.js';

// biome-ignore lint/style/noDefaultExport: what Pulumi runs
export default function program() {
  for (let number = 0; number < 40; number++)
    new Network(`n${number}`, { name: `n${number}`, autoCreateSubnetworks: false });
  return {};
}
