/** How long a machine of the lab takes from the order for it until its RTPEngine answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadFleet } from '../configs/load.ts';
import { imageFamily } from '../configs/naming.ts';
import { DEMO } from '../lab/demo/plan.ts';
import type { LabFile } from '../lab/lab-file.ts';
import { connectGce, type Gce } from '../lib/gce.ts';
import { connectNg } from '../lib/ng/client.ts';
import { ping } from '../lib/ng/commands.ts';

const LONGEST_MS = 30_000;
const PING_EVERY_MS = 20;

/** Makes one machine of the fleet's newest image beside the fleet, and removes it. */
export async function bootSeconds(lab: LabFile, number: number): Promise<number> {
  const gce = await connectGce({ project: lab.project, endpoint: lab.endpoint });
  const fleet = loadFleet(DEMO.fleetFile);
  const [zone = ''] = fleet.cloud.zones;
  const instance = `bench-boot-${number}`;
  try {
    const from = performance.now();
    await gce.call('instances', 'insert', { zone, instanceResource: bodyOf(zone, instance, fleet.name) });
    const host = await addressOf(gce, zone, instance);
    await pong(host, fleet.rtpengine.ngPort);
    return (performance.now() - from) / 1_000;
  } finally {
    await gce.done(await gce.call('instances', 'delete', { zone, instance }));
    await gce.close();
  }
}

function bodyOf(zone: string, name: string, fleet: string) {
  return {
    name,
    machineType: `zones/${zone}/machineTypes/e2-standard-2`,
    disks: [
      {
        boot: true,
        autoDelete: true,
        initializeParams: { sourceImage: `global/images/family/${imageFamily(fleet)}` },
      },
    ],
    networkInterfaces: [{ network: 'global/networks/default' }],
  };
}

async function addressOf(gce: Gce, zone: string, instance: string): Promise<string> {
  for (const deadline = Date.now() + LONGEST_MS; Date.now() < deadline; await sleep(PING_EVERY_MS)) {
    const { networkInterfaces } = await gce.call('instances', 'get', { zone, instance });
    const address = networkInterfaces?.[0]?.networkIP;
    if (address) return address;
  }
  throw new Error(`${instance} has no address`);
}

async function pong(host: string, port: number): Promise<void> {
  const ng = connectNg({ host, port, transport: 'udp' });
  try {
    for (const deadline = Date.now() + LONGEST_MS; Date.now() < deadline; await sleep(PING_EVERY_MS)) {
      const answered = await ping(ng, { timeoutMs: 100 }).then(
        () => true,
        () => false,
      );
      if (answered) return;
    }
    throw new Error(`${host} does not answer`);
  } finally {
    ng.close();
  }
}
