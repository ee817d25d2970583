/** The last examination of an image: one machine of it is started where it will serve, and a call is made through it. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../configs/fleet.ts';
import { GUEST } from '../configs/naming.ts';
import { FleetError, isFleetError, reasonOf } from '../lib/errors.ts';
import { kernelFault, kernelForwarding } from '../lib/kernel-forwarding.ts';
import { connectNg } from '../lib/ng/client.ts';
import { probeThroughKernel } from '../lib/probe-kernel.ts';
import { makeWay, removeOwn } from './acceptance-claim.ts';
import { addressOf, guestAttributes, instanceBody, type Machine, notAccepted } from './acceptance-machine.ts';
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
  /** Names where this run is; no other one of this image is on there. Lower-case letters and digits. */
  readonly place: string;
  /** Told when another run examines the same image. */
  readonly tell: (words: string) => void;
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
  readonly packets?: CallPackets;
};

export type CallPackets = {
  readonly sent: number;
  readonly receivedA: number;
  readonly receivedB: number;
  /** Of these, forwarded by the kernel; absent: it forwards none here. */
  readonly inKernel?: number;
};

/** GCE's own gate for a Debian image is 20 s until SSH answers (cloud-image-tests, imageboot); the rest is patience. */
const READY_MS = 300_000;
const LOOK_EVERY_MS = 250;
const PROBE_PACKETS = 50;

/**
 * Starts a machine, waits until it says that it is healthy and runs the right version, makes a call through it while it is
 * cordoned, as every relay is born, and removes it, whatever happened.
 * @returns undefined: another run examined the image meanwhile, so there may be nothing left to do
 * @throws FleetError `stop`, code `not-accepted`: what failed, and the end of the machine's console
 */
export async function acceptImage(cloud: Cloud, order: AcceptanceOrder): Promise<Acceptance | undefined> {
  const { fleet, manifest, place, tell } = order;
  const machine: Machine = {
    cloud,
    zone: fleet.cloud.zones[0] ?? '',
    instance: `rtpfleet-accept-${manifest.keys.disk.slice(0, 8)}`,
    run: `${place}-${randomBytes(4).toString('hex')}`,
  };
  if (!(await makeWay(machine, place, tell))) return undefined;
  try {
    const acceptance = await examine(machine, order);
    await removeOwn(machine);
    return acceptance;
  } catch (error) {
    await removeOwn(machine).catch((reason: unknown) => {
      throw withLeftover(error, machine, reason);
    });
    // Another run was quicker by a moment.
    if (isFleetError(error) && error.code === 'gce-already-exists') return undefined;
    throw error;
  }
}

async function examine(machine: Machine, order: AcceptanceOrder): Promise<Acceptance> {
  const { fleet, manifest, depth, network, withinMs = READY_MS } = order;
  const { cloud, zone, instance } = machine;
  const start = performance.now();
  const instanceResource = instanceBody(fleet, manifest, network, machine);
  const insert = await cloud.gce.call('instances', 'insert', { zone, instanceResource });
  // To its end also after Ctrl-C: GCE removes no machine that it is still making.
  await cloud.gce.done(insert);
  cloud.signal.throwIfAborted();
  const told = await healthOf(machine, manifest.version, withinMs);
  const readyMs = Math.round(performance.now() - start);
  if (depth === 'boot') return { instance, readyMs, ...told };
  const packets = await callThrough(machine, fleet.rtpengine.ngPort, kernelForwarding(told.health));
  return { instance, readyMs, ...told, packets };
}

/** The first error counts, and that something is left, and bills. */
function withLeftover(error: unknown, { zone, instance }: Machine, reason: unknown): unknown {
  if (!isFleetError(error)) return error;
  const { kind, code, message, facts, cause } = error;
  const left = `Machine ${instance} in ${zone} may be left, and the next run removes it: ${reasonOf(reason)}`;
  const hint = error.hint === undefined ? left : `${error.hint}\n  ${left}`;
  return new FleetError({ kind, code, message, facts, cause, hint });
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

async function callThrough(machine: Machine, port: number, kernel: string | undefined): Promise<CallPackets> {
  const host = await addressOf(machine);
  const ng = connectNg({ host, port, transport: 'udp' });
  try {
    const localAddress = await localAddressTowards(host);
    const { signal } = machine.cloud;
    const options = { localAddress, packets: PROBE_PACKETS, relay: 'cordoned', signal } as const;
    const probe = await probeThroughKernel(ng, options, kernel);
    const { ok, reason = 'no reason given', sent, receivedA, receivedB, inKernel } = probe;
    if (!ok) throw await notAccepted(machine, `a call through it failed: ${reason}`);
    const fault = kernelFault(kernel, inKernel);
    if (fault !== undefined) throw await notAccepted(machine, fault);
    return { sent, receivedA, receivedB, ...(inKernel === undefined ? {} : { inKernel }) };
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
