/** The last examination of an image: one machine of it is started where it will serve, and a call is made through it. */
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../configs/fleet.ts';
import { GUEST } from '../configs/naming.ts';
import { connectNg } from '../lib/ng/client.ts';
import { probeCall } from '../lib/probe-call.ts';
import {
  addressOf,
  guestAttributes,
  instanceBody,
  type Machine,
  notAccepted,
  removeMachine,
} from './acceptance-machine.ts';
import type { Manifest } from './manifest.ts';
import type { Cloud } from './publish.ts';
import { readTuning, type Tuning } from './tuning/read-back.ts';

/** `call`: RTP through it, which needs a way to its internal address. `boot`: only what GCE tells. */
export type AcceptanceDepth = 'boot' | 'call';

export type AcceptanceOrder = {
  readonly fleet: Fleet;
  readonly manifest: Manifest;
  readonly depth: AcceptanceDepth;
  /** Name of the network that the machine is put in. */
  readonly network: string;
  /** The machine must be healthy within this, milliseconds. Default 300,000. */
  readonly withinMs?: number;
};

export type Acceptance = {
  readonly instance: string;
  /** From the request for the machine to its own word that it is healthy, milliseconds. */
  readonly readyMs: number;
  readonly health: string;
  readonly tuning: Tuning;
  /** Packets of the probe call that arrived at caller and callee; absent with depth `boot`. */
  readonly packets?: { readonly sent: number; readonly receivedA: number; readonly receivedB: number };
};

/** GCE's own gate for a Debian image is 20 s until SSH answers (cloud-image-tests, imageboot); the rest is patience. */
const READY_MS = 300_000;
const LOOK_EVERY_MS = 250;
const PROBE_PACKETS = 50;

/**
 * Starts a machine, waits until it says that it is healthy and runs the right version, makes a call through it while it is
 * cordoned, as every relay is born, and removes it, whatever happened.
 * @throws FleetError `stop`, code `not-accepted`: what failed, and the end of the machine's console
 */
export async function acceptImage(cloud: Cloud, order: AcceptanceOrder): Promise<Acceptance> {
  const { fleet, manifest, depth } = order;
  const zone = fleet.cloud.zones[0] ?? '';
  const instance = `rtpfleet-accept-${manifest.keys.disk.slice(0, 8)}`;
  const machine: Machine = { cloud, zone, instance };
  await removeMachine(machine);
  try {
    const start = performance.now();
    const instanceResource = instanceBody(fleet, manifest, order.network, machine);
    const insert = await cloud.gce.call('instances', 'insert', { zone, instanceResource });
    await cloud.gce.done(insert, { signal: cloud.signal });
    const told = await healthOf(machine, manifest.version, order.withinMs ?? READY_MS);
    const readyMs = Math.round(performance.now() - start);
    const packets = depth === 'boot' ? {} : { packets: await callThrough(machine, fleet.rtpengine.ngPort) };
    return { instance, readyMs, ...told, ...packets };
  } finally {
    await removeMachine(machine);
  }
}

/** Waits for all guest attributes; health is written last. */
async function healthOf(
  machine: Machine,
  version: string,
  withinMs: number,
): Promise<Pick<Acceptance, 'health' | 'tuning'>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const told = await guestAttributes(machine);
    const health = told.get(GUEST.health);
    const running = told.get(GUEST.version) ?? 'an unknown version';
    if (health !== undefined && running !== version)
      throw await notAccepted(machine, `it runs ${running}, not ${version}`);
    if (health !== undefined && !isHealthy(health))
      throw await notAccepted(machine, `it is not healthy: ${health}`);
    if (health !== undefined) {
      const tuning = readTuning(told.get(GUEST.tuning) ?? '');
      if (tuning.kind === 'faults')
        throw await notAccepted(machine, `its tuning is not in force: ${tuning.faults.join('; ')}`);
      return { health, tuning: tuning.tuning };
    }
    if (performance.now() >= deadline)
      throw await notAccepted(machine, `it said nothing about its health within ${withinMs / 1000} s`);
    await sleep(LOOK_EVERY_MS, undefined, { signal: machine.cloud.signal });
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

/** What a healthy relay says of forwarding in the kernel; undefined: its fleet does not want that. Pure. */
export function kernelForwarding(health: string): string | undefined {
  const { checks = [] } = JSON.parse(health) as {
    readonly checks?: readonly { readonly name?: string; readonly detail?: string }[];
  };
  return checks.find(({ name }) => name === 'kernel')?.detail;
}

async function callThrough(machine: Machine, port: number): Promise<NonNullable<Acceptance['packets']>> {
  const host = await addressOf(machine);
  const ng = connectNg({ host, port, transport: 'udp' });
  try {
    const localAddress = await localAddressTowards(host);
    const { signal } = machine.cloud;
    const probe = await probeCall(ng, { localAddress, packets: PROBE_PACKETS, relay: 'cordoned', signal });
    if (!probe.ok)
      throw await notAccepted(machine, `a call through it failed: ${probe.reason ?? 'no reason given'}`);
    return { sent: probe.sent, receivedA: probe.receivedA, receivedB: probe.receivedB };
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
