import { Disk } from '@pulumi/gcp/compute/disk.js';
import { Network } from '@pulumi/gcp/compute/network.js';

// biome-ignore lint/style/noDefaultExport: what Pulumi runs
export default function program() {
  new Network('other', { name: 'other', autoCreateSubnetworks: false });
  new Disk('other', { name: 'other', zone: 'us-central1-a' });
  return {};
}
