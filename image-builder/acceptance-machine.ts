/** The one machine in which an image is examined: started, listened to, removed. */
import type { Fleet } from '../configs/fleet.ts';
import { GUEST, LABEL, METADATA } from '../configs/naming.ts';
import type { FleetError } from '../lib/errors.ts';
import { isFleetError } from '../lib/errors.ts';
import { buildFailed } from './command.ts';
import type { Manifest } from './manifest.ts';
import type { Cloud } from './publish.ts';

export type Machine = {
  readonly cloud: Cloud;
  readonly zone: string;
  readonly instance: string;
  /** The run that it belongs to; a value of a label. */
  readonly run: string;
};

const CONSOLE_LINES = 15;

/** The body of `instances.insert`. Admission is left to a controller, so that the machine stays cordoned. Pure. */
export function instanceBody(
  fleet: Fleet,
  manifest: Manifest,
  network: string,
  { zone, instance, run }: Machine,
) {
  return {
    name: instance,
    machineType: `zones/${zone}/machineTypes/${fleet.relays.machineType}`,
    labels: { [LABEL.role]: 'acceptance', [LABEL.run]: run },
    disks: [
      {
        boot: true,
        autoDelete: true,
        initializeParams: {
          sourceImage: `projects/${fleet.cloud.project}/global/images/${manifest.image}`,
          diskSizeGb: String(fleet.relays.diskGb),
          diskType: `zones/${zone}/diskTypes/${fleet.relays.diskType}`,
        },
      },
    ],
    networkInterfaces: [{ network: `global/networks/${network}` }],
    metadata: {
      items: [
        { key: METADATA.guestAttributes, value: 'TRUE' },
        { key: METADATA.admission, value: 'controller' },
      ],
    },
  };
}

/** What the machine wrote about itself so far, by key. */
export async function guestAttributes({
  cloud,
  zone,
  instance,
}: Machine): Promise<ReadonlyMap<string, string>> {
  const request = { zone, instance, queryPath: `${GUEST.namespace}/` };
  try {
    const answer = await cloud.gce.call('instances', 'getGuestAttributes', request, { signal: cloud.signal });
    return new Map((answer.queryValue?.items ?? []).map((item) => [item.key ?? '', item.value ?? '']));
  } catch (error) {
    if (isFleetError(error) && error.code === 'gce-not-found') return new Map();
    throw error;
  }
}

/** Its internal address. */
export async function addressOf(machine: Machine): Promise<string> {
  const { cloud, zone, instance } = machine;
  const facts = await cloud.gce.call('instances', 'get', { zone, instance }, { signal: cloud.signal });
  const address = facts.networkInterfaces?.[0]?.networkIP;
  if (!address) throw await notAccepted(machine, 'it has no internal address');
  return address;
}

/** The error that ends the acceptance, with the last lines of the machine's console. */
export async function notAccepted(machine: Machine, why: string): Promise<FleetError> {
  const lines = (await consoleOf(machine)).trimEnd().split('\n').slice(-CONSOLE_LINES);
  const message = [`machine ${machine.instance} of the new image: ${why}`, ...lines].join('\n    ');
  return buildFailed('not-accepted', message);
}

/** Nothing when GCE does not give it: the reason for asking is worth more than the console. */
async function consoleOf({ cloud, zone, instance }: Machine): Promise<string> {
  try {
    return (await cloud.gce.call('instances', 'getSerialPortOutput', { zone, instance })).contents ?? '';
  } catch {
    return '';
  }
}
