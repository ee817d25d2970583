import { setTimeout as sleep } from 'node:timers/promises';
import { isActive } from './kernel-forwarding.ts';
import type { NgClient } from './ng/client.ts';
import { statistics } from './ng/commands.ts';
import type { Known } from './ng/fields.ts';
import { type ProbeOptions, type ProbeResult, probeCall } from './probe-call.ts';

/** `inKernel`: RTP that the relay's kernel forwarded meanwhile, both ways together; absent: it forwards none here, or the
 * relay does not say. */
export type KernelProbe = ProbeResult & { readonly inKernel?: number };

/**
 * Five seconds of speech. RTPEngine hands a stream to the kernel three seconds after the last signal at the earliest, since
 * it learns the peer's address until then (daemon/media_socket.c media_packet_address_check@mr13.4.1.10): a shorter call
 * never gets there.
 */
const PACKETS = 250;

/** On a machine so slow that a stream was not handed over in time: a quarter of a minute, once. */
const PATIENT_PACKETS = 750;

/** RTPEngine reads the kernel's counters once a second. */
const TRIES = 15;
const PAUSE_MS = 200;

/**
 * A probe call: where the kernel forwards, one that is long enough for it, and how much of it the kernel forwarded. Where that
 * is nothing, a longer one decides.
 * @param kernel what the relay's health says of forwarding in the kernel
 * @throws as `probeCall`, and FleetError `retry` where the relay does not answer
 */
export async function probeThroughKernel(
  ng: NgClient,
  options: ProbeOptions,
  kernel: string | undefined,
): Promise<KernelProbe> {
  if (!isActive(kernel)) return await probeCall(ng, options);
  const first = await countedCall(ng, { ...options, packets: PACKETS });
  if (!first.ok || first.inKernel !== 0) return first;
  return await countedCall(ng, { ...options, packets: PATIENT_PACKETS });
}

async function countedCall(ng: NgClient, options: ProbeOptions): Promise<KernelProbe> {
  const before = await kernelPackets(ng, options);
  const result = await probeCall(ng, options);
  for (let tries = 0; ; tries += 1) {
    const after = await kernelPackets(ng, options);
    // Unknown is not zero.
    if (before === 'unknown' || after === 'unknown') return result;
    const inKernel = after - before;
    if (inKernel > 0 || !result.ok || tries === TRIES) return { ...result, inKernel };
    await sleep(PAUSE_MS);
  }
}

/** Since its start. */
async function kernelPackets(ng: NgClient, { signal }: ProbeOptions): Promise<Known> {
  const { kernelPackets: count } = await statistics(ng, signal === undefined ? {} : { signal });
  return count;
}
