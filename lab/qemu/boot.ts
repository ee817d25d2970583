/**
 * Boots an image in QEMU, on a network of its own with DHCP, DNS and a metadata server as GCE has them, and makes a call through
 * it. Software emulation: it shows that the image starts under real firmware, and nothing about speed.
 */
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArchitectureName } from '../../image-builder/architecture.ts';
import { FleetError, isFleetError, reasonOf } from '../../lib/errors.ts';
import { connectNg } from '../../lib/ng/client.ts';
import { probeThroughKernel } from '../../lib/probe-kernel.ts';
import { chooseSettings } from '../choose-settings.ts';
import { cleanUp } from '../cleanup.ts';
import { startDetached } from '../host/detached.ts';
import { isAlive, type ProcessId } from '../host/processes.ts';
import { run } from '../host/run.ts';
import { createMetadataServer } from '../metadata.ts';
import { addressIn, hardwareAddress, labNames } from '../names.ts';
import { MTU } from '../network/dnsmasq.ts';
import { createNetwork, type Network } from '../network.ts';
import { MARK } from '../preflight.ts';
import { type Bus, EMULATORS, type Firmware, qemuCommand } from './command.ts';
import { consoleProblems } from './console.ts';
import { guestReport, guestSource, PROJECT, relayReport, type Told } from './guest.ts';
import { type BootReport, type Call, type Evidence, judge, kernelOf } from './judge.ts';
import { enrolKeys } from './uefi-variables.ts';

export type BootOrder = {
  /** An empty folder that is removed afterwards. */
  readonly folder: string;
  readonly architecture: ArchitectureName;
  readonly cpus: number;
  readonly firmware: Firmware;
  readonly bus: Bus;
  /** `isOwn`: a raw disk that belongs to this boot and is made larger before, so that the root file system has to grow. */
  readonly disk: { readonly file: string; readonly format: 'raw' | 'qcow2'; readonly isOwn: boolean };
  /** Certificate (DER) that the firmware trusts alone; undefined: no Secure Boot. */
  readonly signer: Buffer | undefined;
  /** Of every RTPEngine: a call is made through each. */
  readonly ngPorts: readonly number[];
  /** Release that must run; undefined: any. */
  readonly version: string | undefined;
  /** The machine must have told everything within this. */
  readonly withinSeconds: number;
  readonly signal: AbortSignal;
};

const GIB = 1024 ** 3;
const GROWN_BYTES = 10 * GIB;
const GUEST_HOST = 20;
const TAP = 'tap0';
const LOOK_EVERY_MS = 250;
const PROBE_PACKETS = 50;

/**
 * What came of it, also when the image is not fit. Nothing is left, however it ends; when this process is killed, QEMU ends with
 * it, and `cleanUp` of the folder removes the network.
 * @throws FleetError for a fault of this machine; kind `interrupted` after an abort
 */
export async function bootImage(order: BootOrder): Promise<BootReport> {
  const names = labNames(order.folder);
  const { range } = await chooseSettings(order.folder, names, { project: PROJECT });
  await writeFile(join(order.folder, MARK), '');
  const source = guestSource(addressIn(range, GUEST_HOST), addressIn(range, 1));
  const metadata = createMetadataServer(source);
  try {
    const network = await createNetwork({ folder: order.folder, names, range, project: PROJECT });
    metadata.serve(await network.metadataSocket());
    const switchboard = names.switchNamespace;
    await plugTap(switchboard);
    const started = performance.now();
    const qemu = await startQemu(order, switchboard, range);
    const evidence = await watch(order, qemu, source.told, started);
    const { relay } = evidence;
    const calls = relay === undefined ? [] : await callThroughAll(order, network, kernelOf({ relay }));
    const diskBytes = order.disk.isOwn ? GROWN_BYTES : undefined;
    const isSecureBoot = order.signer !== undefined;
    return judge({ ...evidence, calls, diskBytes, isSecureBoot }, order.version);
  } finally {
    await metadata.close();
    await cleanUp(order.folder);
  }
}

async function plugTap(namespace: string): Promise<void> {
  await run('ip', ['-n', namespace, 'tuntap', 'add', 'dev', TAP, 'mode', 'tap']);
  await run('ip', ['-n', namespace, 'link', 'set', TAP, 'mtu', String(MTU), 'master', 'br0', 'up']);
}

const serialOf = (folder: string): string => join(folder, 'serial.log');
const logOf = (folder: string): string => join(folder, 'qemu.log');

async function startQemu(order: BootOrder, namespace: string, range: string): Promise<ProcessId> {
  const { folder, architecture, cpus, firmware, bus, disk, signer } = order;
  const variables = join(folder, 'uefi-variables.fd');
  if (firmware === 'uefi') await copyFile(EMULATORS[architecture].variables, variables);
  if (signer !== undefined) await writeFile(variables, enrolKeys(await readFile(variables), signer));
  if (disk.isOwn) await truncate(disk.file, GROWN_BYTES);
  await writeFile(serialOf(folder), '');
  const command = qemuCommand({
    ...{ architecture, cpus, firmware, bus, disk, variables, serial: serialOf(folder), tap: TAP },
    secureBoot: signer !== undefined,
    hardwareAddress: hardwareAddress(addressIn(range, GUEST_HOST)),
  });
  // The signal of a parent's death outlasts both programs that only change what they run in.
  const inside = ['setpriv', '--pdeathsig', 'KILL', 'nsenter', `--net=/run/netns/${namespace}`];
  const qemu = await startDetached([...inside, ...command], { log: logOf(folder) });
  if (qemu === undefined) throw await qemuFailed(folder);
  return qemu;
}

/** Until the machine told everything, or cannot any more, or the time is over. */
async function watch(
  order: BootOrder,
  qemu: ProcessId,
  told: Told,
  started: number,
): Promise<Omit<Evidence, 'calls' | 'diskBytes' | 'isSecureBoot'>> {
  const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
  let healthySeconds: number | undefined;
  for (;;) {
    order.signal.throwIfAborted();
    const relay = relayReport(told);
    if (relay !== undefined) healthySeconds ??= seconds();
    const serial = await readFile(serialOf(order.folder), 'utf8');
    const isStuck = consoleProblems(serial).some(({ isFatal }) => isFatal);
    const isOver = seconds() >= order.withinSeconds;
    const runs = await isAlive(qemu);
    if (!runs && serial === '') throw await qemuFailed(order.folder);
    const guest = guestReport(told);
    if ((relay !== undefined && guest !== undefined) || isStuck || isOver || !runs) {
      return { serial, relay, guest, healthySeconds, seconds: seconds(), isOver };
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: order.signal }).catch(() => undefined);
  }
}

/** One after the other: the emulated machine has little time. */
async function callThroughAll(
  order: BootOrder,
  network: Network,
  kernel: string | undefined,
): Promise<Evidence['calls']> {
  const calls: Call[] = [];
  for (const port of order.ngPorts) calls.push(await callThrough(port, order.signal, network, kernel));
  return calls;
}

/** A call while it is cordoned, as where an image is accepted. */
async function callThrough(
  port: number,
  signal: AbortSignal,
  { range, gateway }: Network,
  kernel: string | undefined,
): Promise<Call> {
  const ng = connectNg({ host: addressIn(range, GUEST_HOST), port, transport: 'udp' });
  try {
    const options = { localAddress: gateway, packets: PROBE_PACKETS, relay: 'cordoned', signal } as const;
    const { ok, reason, sent, receivedA, receivedB, inKernel } = await probeThroughKernel(
      ng,
      options,
      kernel,
    );
    const call = { port, ok, reason, sent, receivedA, receivedB };
    return inKernel === undefined ? call : { ...call, inKernel };
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    return { port, ok: false, reason: reasonOf(error), sent: 0, receivedA: 0, receivedB: 0 };
  } finally {
    ng.close();
  }
}

async function qemuFailed(folder: string): Promise<FleetError> {
  const said = (await readFile(logOf(folder), 'utf8')).trim().split('\n').slice(-3).join(' | ');
  return new FleetError({
    kind: 'stop',
    code: 'qemu-failed',
    message: `QEMU did not start: ${said || 'it printed nothing'}`,
  });
}
