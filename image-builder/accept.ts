/** The last examination of an image: one machine of it is started where it will serve, and a call is made through it. */
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../configs/fleet.ts';
import { GUEST, LABEL, METADATA } from '../configs/naming.ts';
import { isFleetError } from '../lib/errors.ts';
import { connectNg } from '../lib/ng/client.ts';
import { probeCall } from '../lib/probe-call.ts';
import { buildFailed } from './command.ts';
import type { Manifest } from './manifest.ts';
import type { Cloud } from './publish.ts';

/** `call`: RTP through it, which needs a way to its internal address. `boot`: only what GCE tells. */
export type AcceptanceDepth = 'boot' | 'call';

export type AcceptanceOrder = {
  readonly fleet: Fleet;
  readonly manifest: Manifest;
  readonly depth: AcceptanceDepth;
  /** Name of the network that the machine is put in. */
  readonly network: string;
};

export type Acceptance = {
  readonly instance: string;
  /** From the request for the machine to its own word that it is healthy, milliseconds. */
  readonly readyMs: number;
  readonly health: string;
  /** Packets of the probe call that arrived at caller and callee; absent with depth `boot`. */
  readonly packets?: { readonly sent: number; readonly receivedA: number; readonly receivedB: number };
};

/** GCE's own gate for a Debian image is 20 s until SSH answers (cloud-image-tests, imageboot); the rest is patience. */
const READY_MS = 300_000;
const LOOK_EVERY_MS = 500;
const PROBE_PACKETS = 50;
const CONSOLE_LINES = 15;

/**
 * Starts a machine, waits until it says that it is healthy and runs the right version, makes a call through it while it is
 * cordoned, as every relay is born, and removes it, whatever happened.
 * @throws FleetError `stop`, code `not-accepted`: what failed, and the end of the machine's console
 */
export async function acceptImage(cloud: Cloud, order: AcceptanceOrder): Promise<Acceptance> {
  const { fleet, manifest } = order;
  const zone = fleet.cloud.zones[0] ?? '';
  const instance = `rtpfleet-accept-${manifest.keys.disk.slice(0, 8)}`;
  await removeInstance(cloud, zone, instance);
  try {
    const start = performance.now();
    const insert = await cloud.gce.call('instances', 'insert', {
      zone,
      instanceResource: instanceBody(order, zone, instance),
    });
    await cloud.gce.done(insert, { signal: cloud.signal });
    const health = await healthOf(cloud, zone, instance, manifest.version);
    const readyMs = Math.round(performance.now() - start);
    if (order.depth === 'boot') return { instance, readyMs, health };
    return { instance, readyMs, health, packets: await callThrough(cloud, order, zone, instance) };
  } finally {
    await removeInstance(cloud, zone, instance);
  }
}

/** The body of `instances.insert`. Pure. */
export function instanceBody({ fleet, manifest, network }: AcceptanceOrder, zone: string, name: string) {
  return {
    name,
    machineType: `zones/${zone}/machineTypes/${fleet.relays.machineType}`,
    labels: { [LABEL.role]: 'acceptance' },
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

/** Waits for both guest attributes; the version is written first. */
async function healthOf(cloud: Cloud, zone: string, instance: string, version: string): Promise<string> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const told = await guestAttributes(cloud, zone, instance);
    const health = told.get(GUEST.health);
    if (health !== undefined) {
      const running = told.get(GUEST.version);
      if (running !== version)
        throw await refused(
          cloud,
          zone,
          instance,
          `it runs ${running ?? 'an unknown version'}, not ${version}`,
        );
      if (!isHealthy(health)) throw await refused(cloud, zone, instance, `it is not healthy: ${health}`);
      return health;
    }
    if (performance.now() >= deadline) {
      throw await refused(
        cloud,
        zone,
        instance,
        `it said nothing about its health within ${READY_MS / 1000} s`,
      );
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: cloud.signal });
  }
}

/** What a relay wrote about itself: `{"ok":true,…}`. Anything that cannot be read is not healthy. Pure. */
export function isHealthy(health: string): boolean {
  try {
    const value: unknown = JSON.parse(health);
    return typeof value === 'object' && value !== null && 'ok' in value && value.ok === true;
  } catch {
    return false;
  }
}

async function guestAttributes(
  cloud: Cloud,
  zone: string,
  instance: string,
): Promise<ReadonlyMap<string, string>> {
  const request = { zone, instance, queryPath: `${GUEST.namespace}/` };
  try {
    const answer = await cloud.gce.call('instances', 'getGuestAttributes', request, { signal: cloud.signal });
    return new Map((answer.queryValue?.items ?? []).map((item) => [item.key ?? '', item.value ?? '']));
  } catch (error) {
    if (isFleetError(error) && error.code === 'gce-not-found') return new Map();
    throw error;
  }
}

async function callThrough(cloud: Cloud, order: AcceptanceOrder, zone: string, instance: string) {
  const machine = await cloud.gce.call('instances', 'get', { zone, instance }, { signal: cloud.signal });
  const host = machine.networkInterfaces?.[0]?.networkIP;
  if (!host) throw await refused(cloud, zone, instance, 'it has no internal address');
  const ng = connectNg({ host, port: order.fleet.rtpengine.ngPort, transport: 'udp' });
  try {
    const localAddress = await localAddressTowards(host);
    const options = {
      localAddress,
      packets: PROBE_PACKETS,
      relay: 'cordoned',
      signal: cloud.signal,
    } as const;
    const { ok, reason, sent, receivedA, receivedB } = await probeCall(ng, options);
    if (!ok)
      throw await refused(cloud, zone, instance, `a call through it failed: ${reason ?? 'no reason given'}`);
    return { sent, receivedA, receivedB };
  } finally {
    ng.close();
  }
}

/** The address from which this machine would speak to `host`. Sends nothing. */
async function localAddressTowards(host: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((connected, failed) => {
      socket.once('error', failed);
      socket.connect(9, host, connected);
    });
    return socket.address().address;
  } finally {
    socket.close();
  }
}

async function refused(cloud: Cloud, zone: string, instance: string, why: string) {
  const lines = (await consoleOf(cloud, zone, instance)).trimEnd().split('\n').slice(-CONSOLE_LINES);
  return buildFailed(
    'not-accepted',
    [`machine ${instance} of the new image: ${why}`, ...lines].join('\n    '),
  );
}

/** Nothing when GCE does not give it: the reason for asking is worth more than the console. */
async function consoleOf({ gce }: Cloud, zone: string, instance: string): Promise<string> {
  try {
    return (await gce.call('instances', 'getSerialPortOutput', { zone, instance })).contents ?? '';
  } catch {
    return '';
  }
}

/** Also after Ctrl-C: no machine may stay behind. Idempotent. */
async function removeInstance({ gce }: Cloud, zone: string, instance: string): Promise<void> {
  try {
    await gce.done(await gce.call('instances', 'delete', { zone, instance }));
  } catch (error) {
    if (!isFleetError(error) || error.code !== 'gce-not-found') throw error;
  }
}
