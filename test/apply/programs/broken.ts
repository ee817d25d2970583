import { Network } from '@pulumi/gcp/compute/network.js';

// biome-ignore lint/style/noDefaultExport: what Pulumi runs
export default function program() {
  new Network('other', { name: 'other', autoCreateSubnetworks: false });
  throw new Error('this program is broken');
}
